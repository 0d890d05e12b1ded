-- Reviews of accesses and memberships.

create table reviews (
    company_id    blob not null,
    review_id     blob not null,
    name          text not null,
    name_key      text not null,
    description   text,
    subject_kind  text not null,
    reviewers     text not null,
    owner_id      blob not null,
    named         text not null,
    status        text not null,
    due_at        integer not null,
    interval_days integer,
    next_at       integer,
    series        text,
    note          text,
    created_at    integer not null,
    updated_at    integer not null,
    closed_at     integer,
    closed_by     blob,
    version       integer not null,
    primary key (company_id, review_id)
) strict, without rowid;
create unique index reviews_by_name on reviews (company_id, name_key);
create index reviews_by_owner on reviews (company_id, owner_id, review_id);
create index reviews_next on reviews (company_id, next_at) where next_at is not null;

-- The accesses or memberships that stood when the review began. A verdict is empty until one is given.
create table review_rows (
    company_id   blob not null,
    review_id    blob not null,
    row_id       blob not null,
    subject_id   blob not null,
    user_id      blob not null,
    level_id     blob,
    reviewer_id  blob,
    verdict      text not null,
    new_level_id blob,
    new_end      integer,
    comment      text,
    decided_by   blob,
    decided_at   integer,
    outcome      text,
    primary key (company_id, review_id, row_id)
) strict, without rowid;
create index review_rows_by_verdict on review_rows (company_id, review_id, verdict, reviewer_id);
create index review_rows_by_subject on review_rows (company_id, subject_id, review_id);
create index review_rows_by_reviewer on review_rows (company_id, reviewer_id, review_id) where reviewer_id is not null;

analyze sqlite_schema;
insert into sqlite_stat1 (tbl, idx, stat) values
    ('reviews',     'reviews',                 '2000 1000 1'),
    ('reviews',     'reviews_by_name',         '2000 1000 1'),
    ('reviews',     'reviews_by_owner',        '2000 1000 100 1'),
    ('reviews',     'reviews_next',            '200 100 2'),
    ('review_rows', 'review_rows',             '1000000 500000 500 1'),
    ('review_rows', 'review_rows_by_verdict',  '1000000 500000 500 100 20'),
    ('review_rows', 'review_rows_by_subject',  '1000000 500000 200 20'),
    ('review_rows', 'review_rows_by_reviewer', '1000000 500000 400 20');
analyze sqlite_schema;
