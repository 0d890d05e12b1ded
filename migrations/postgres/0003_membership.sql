-- Nestings, what records were in the past, and what time brings about.

-- Group child is inside group parent. Never overwritten: a row is opened once and closed once.
create table nestings (
    company_id bytea not null,
    parent_id  bytea not null,
    child_id   bytea not null,
    opened_rev bigint not null,
    opened_at  bigint not null,
    opened_by  bytea,
    closed_at  bigint,
    closed_rev bigint,
    closed_by  bytea,
    primary key (company_id, parent_id, child_id, opened_rev)
);
create unique index nestings_standing on nestings (company_id, parent_id, child_id) where closed_rev is null;
create index nestings_by_child on nestings (company_id, child_id, parent_id);

-- What a group's record was until an edit: the newest row with since_at <= t is the record of t, unless the record in
-- groups is itself that old.
create table group_versions (
    company_id   bytea not null,
    group_id     bytea not null,
    since_at     bigint not null,
    version      bigint not null,
    name         text not null,
    description  text,
    icon         text,
    external_id  text,
    source       text,
    unmodifiable boolean not null,
    state        text not null,
    updated_by   bytea,
    primary key (company_id, group_id, since_at, version)
);

-- When a user counted for nothing: inactive, or erased.
create table absences (
    company_id bytea not null,
    user_id    bytea not null,
    from_at    bigint not null,
    until_at   bigint,
    primary key (company_id, user_id, from_at)
);
insert into absences (company_id, user_id, from_at)
    select company_id, user_id, coalesce(erased_at, updated_at) from users where status = 'inactive' or erased_at is not null;

-- The event that told the start of a reason whose window began after it was given.
alter table reasons add column started_rev bigint;
create index reasons_ending on reasons (company_id, ends_at) where closed_rev is null and ends_at is not null;
create index reasons_ending_in on reasons (company_id, group_id, ends_at) where closed_rev is null and ends_at is not null;
create index reasons_starting on reasons (company_id, starts_at) where closed_rev is null and starts_at is not null and started_rev is null;

-- How long a membership given without an end lasts, and how long one may last at the most, in days.
alter table groups add column default_days bigint;
alter table groups add column longest_days bigint;
alter table group_versions add column default_days bigint;
alter table group_versions add column longest_days bigint;
