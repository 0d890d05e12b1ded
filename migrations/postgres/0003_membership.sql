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
    updated_at   bigint not null,
    purge_at     bigint,
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

-- Where a closed reason stands in the tree of instants: the one of its life that halving all time meets first, to about
-- a second. Whatever stood at an instant t has one of the 35 such places that lie on the way to t (store/past.rs), so
-- that the past is read without what was over by then or began later, however much of that there is.
alter table reasons add column fork bigint generated always as (
    case
        when (opened_at >> 53) <> ((closed_at - 1) >> 53) then ((closed_at - 1) >> 53) << 53
        when (opened_at >> 52) <> ((closed_at - 1) >> 52) then ((closed_at - 1) >> 52) << 52
        when (opened_at >> 51) <> ((closed_at - 1) >> 51) then ((closed_at - 1) >> 51) << 51
        when (opened_at >> 50) <> ((closed_at - 1) >> 50) then ((closed_at - 1) >> 50) << 50
        when (opened_at >> 49) <> ((closed_at - 1) >> 49) then ((closed_at - 1) >> 49) << 49
        when (opened_at >> 48) <> ((closed_at - 1) >> 48) then ((closed_at - 1) >> 48) << 48
        when (opened_at >> 47) <> ((closed_at - 1) >> 47) then ((closed_at - 1) >> 47) << 47
        when (opened_at >> 46) <> ((closed_at - 1) >> 46) then ((closed_at - 1) >> 46) << 46
        when (opened_at >> 45) <> ((closed_at - 1) >> 45) then ((closed_at - 1) >> 45) << 45
        when (opened_at >> 44) <> ((closed_at - 1) >> 44) then ((closed_at - 1) >> 44) << 44
        when (opened_at >> 43) <> ((closed_at - 1) >> 43) then ((closed_at - 1) >> 43) << 43
        when (opened_at >> 42) <> ((closed_at - 1) >> 42) then ((closed_at - 1) >> 42) << 42
        when (opened_at >> 41) <> ((closed_at - 1) >> 41) then ((closed_at - 1) >> 41) << 41
        when (opened_at >> 40) <> ((closed_at - 1) >> 40) then ((closed_at - 1) >> 40) << 40
        when (opened_at >> 39) <> ((closed_at - 1) >> 39) then ((closed_at - 1) >> 39) << 39
        when (opened_at >> 38) <> ((closed_at - 1) >> 38) then ((closed_at - 1) >> 38) << 38
        when (opened_at >> 37) <> ((closed_at - 1) >> 37) then ((closed_at - 1) >> 37) << 37
        when (opened_at >> 36) <> ((closed_at - 1) >> 36) then ((closed_at - 1) >> 36) << 36
        when (opened_at >> 35) <> ((closed_at - 1) >> 35) then ((closed_at - 1) >> 35) << 35
        when (opened_at >> 34) <> ((closed_at - 1) >> 34) then ((closed_at - 1) >> 34) << 34
        when (opened_at >> 33) <> ((closed_at - 1) >> 33) then ((closed_at - 1) >> 33) << 33
        when (opened_at >> 32) <> ((closed_at - 1) >> 32) then ((closed_at - 1) >> 32) << 32
        when (opened_at >> 31) <> ((closed_at - 1) >> 31) then ((closed_at - 1) >> 31) << 31
        when (opened_at >> 30) <> ((closed_at - 1) >> 30) then ((closed_at - 1) >> 30) << 30
        when (opened_at >> 29) <> ((closed_at - 1) >> 29) then ((closed_at - 1) >> 29) << 29
        when (opened_at >> 28) <> ((closed_at - 1) >> 28) then ((closed_at - 1) >> 28) << 28
        when (opened_at >> 27) <> ((closed_at - 1) >> 27) then ((closed_at - 1) >> 27) << 27
        when (opened_at >> 26) <> ((closed_at - 1) >> 26) then ((closed_at - 1) >> 26) << 26
        when (opened_at >> 25) <> ((closed_at - 1) >> 25) then ((closed_at - 1) >> 25) << 25
        when (opened_at >> 24) <> ((closed_at - 1) >> 24) then ((closed_at - 1) >> 24) << 24
        when (opened_at >> 23) <> ((closed_at - 1) >> 23) then ((closed_at - 1) >> 23) << 23
        when (opened_at >> 22) <> ((closed_at - 1) >> 22) then ((closed_at - 1) >> 22) << 22
        when (opened_at >> 21) <> ((closed_at - 1) >> 21) then ((closed_at - 1) >> 21) << 21
        else ((closed_at - 1) >> 20) << 20 end
) stored;
create index reasons_past_of_group on reasons (company_id, group_id, fork, user_id, opened_at, closed_at) where closed_rev is not null;
create index reasons_past_by_fork on reasons (company_id, user_id, fork, opened_at, closed_at) where closed_rev is not null;

-- When a group's record was written down: what an import says of earlier times is for display only.
alter table groups add column recorded_at bigint not null default 0;
update groups set recorded_at = updated_at;
