-- Reviews of accesses and memberships.

create table reviews (
    company_id    bytea not null,
    review_id     bytea not null,
    name          text not null,
    name_key      text not null,
    description   text,
    subject_kind  text not null,
    reviewers     text not null,
    owner_id      bytea not null,
    named         text not null,
    status        text not null,
    due_at        bigint not null,
    interval_days bigint,
    next_at       bigint,
    series        text,
    note          text,
    created_at    bigint not null,
    updated_at    bigint not null,
    closed_at     bigint,
    closed_by     bytea,
    version       bigint not null,
    primary key (company_id, review_id)
);
create unique index reviews_by_name on reviews (company_id, name_key);
create index reviews_by_owner on reviews (company_id, owner_id, review_id);
create index reviews_next on reviews (company_id, next_at) where next_at is not null;

-- The accesses or memberships that stood when the review began. A verdict is empty until one is given.
create table review_rows (
    company_id   bytea not null,
    review_id    bytea not null,
    row_id       bytea not null,
    subject_id   bytea not null,
    user_id      bytea not null,
    level_id     bytea,
    reviewer_id  bytea,
    verdict      text not null,
    new_level_id bytea,
    new_end      bigint,
    comment      text,
    decided_by   bytea,
    decided_at   bigint,
    outcome      text,
    primary key (company_id, review_id, row_id)
);
create index review_rows_by_verdict on review_rows (company_id, review_id, verdict, reviewer_id);
create index review_rows_by_subject on review_rows (company_id, subject_id, review_id);
create index review_rows_by_reviewer on review_rows (company_id, reviewer_id, review_id) where reviewer_id is not null;
