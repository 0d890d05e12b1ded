-- Conflicting groups: sets of groups of which nobody may be in more than so many.
create table conflicts (
    company_id  bytea not null,
    conflict_id bytea not null,
    name        text not null,
    name_key    text collate "C" not null,
    description text,
    at_most     bigint not null,
    created_at  bigint not null,
    updated_at  bigint not null,
    version     bigint not null,
    primary key (company_id, conflict_id)
);
create unique index conflicts_by_id on conflicts (conflict_id);
create unique index conflicts_by_name on conflicts (company_id, name_key);

create table conflict_groups (
    company_id  bytea not null,
    conflict_id bytea not null,
    group_id    bytea not null,
    primary key (company_id, conflict_id, group_id)
);
create index conflict_groups_of_group on conflict_groups (company_id, group_id, conflict_id);

-- How many a company has: one without any asks for none.
alter table companies add column conflicts bigint not null default 0;

