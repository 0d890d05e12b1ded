-- Nestings, what records were in the past, and what time brings about.

-- Group child is inside group parent. Never overwritten: a row is opened once and closed once.
create table nestings (
    company_id blob not null,
    parent_id  blob not null,
    child_id   blob not null,
    opened_rev integer not null,
    opened_at  integer not null,
    opened_by  blob,
    closed_at  integer,
    closed_rev integer,
    closed_by  blob,
    primary key (company_id, parent_id, child_id, opened_rev)
) strict, without rowid;
create unique index nestings_standing on nestings (company_id, parent_id, child_id) where closed_rev is null;
create index nestings_by_child on nestings (company_id, child_id, parent_id);

-- What a group's record was until an edit: the newest row with since_at <= t is the record of t, unless the record in
-- groups is itself that old.
create table group_versions (
    company_id   blob not null,
    group_id     blob not null,
    since_at     integer not null,
    version      integer not null,
    name         text not null,
    description  text,
    icon         text,
    external_id  text,
    source       text,
    unmodifiable integer not null,
    state        text not null,
    updated_by   blob,
    primary key (company_id, group_id, since_at, version)
) strict, without rowid;

-- When a user counted for nothing: inactive, or erased.
create table absences (
    company_id blob not null,
    user_id    blob not null,
    from_at    integer not null,
    until_at   integer,
    primary key (company_id, user_id, from_at)
) strict, without rowid;
insert into absences (company_id, user_id, from_at)
    select company_id, user_id, coalesce(erased_at, updated_at) from users where status = 'inactive' or erased_at is not null;

-- The event that told the start of a reason whose window began after it was given.
alter table reasons add column started_rev integer;
create index reasons_ending on reasons (company_id, ends_at) where closed_rev is null and ends_at is not null;
create index reasons_ending_in on reasons (company_id, group_id, ends_at) where closed_rev is null and ends_at is not null;
create index reasons_starting on reasons (company_id, starts_at) where closed_rev is null and starts_at is not null and started_rev is null;

-- How long a membership given without an end lasts, and how long one may last at the most, in days.
alter table groups add column default_days integer;
alter table groups add column longest_days integer;
alter table group_versions add column default_days integer;
alter table group_versions add column longest_days integer;

insert into sqlite_stat1 (tbl, idx, stat) values
    ('nestings',       'nestings',          '20000 10000 2 1 1'),
    ('nestings',       'nestings_standing', '20000 10000 2 1'),
    ('nestings',       'nestings_by_child', '20000 10000 2 1'),
    ('group_versions', 'group_versions',    '100000 50000 10 1 1'),
    ('absences',       'absences',          '20000 10000 2 1'),
    ('reasons',        'reasons_ending',    '20000 10000 2'),
    ('reasons',        'reasons_ending_in', '20000 10000 50 1'),
    ('reasons',        'reasons_starting',  '2000 1000 2');
analyze sqlite_schema;
