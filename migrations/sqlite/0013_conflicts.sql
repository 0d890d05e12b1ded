-- Conflicting groups: sets of groups of which nobody may be in more than so many.
create table conflicts (
    company_id  blob not null,
    conflict_id blob not null,
    name        text not null,
    name_key    text not null,
    description text,
    at_most     integer not null,
    created_at  integer not null,
    updated_at  integer not null,
    version     integer not null,
    primary key (company_id, conflict_id)
) strict, without rowid;
create unique index conflicts_by_id on conflicts (conflict_id);
create unique index conflicts_by_name on conflicts (company_id, name_key);

create table conflict_groups (
    company_id  blob not null,
    conflict_id blob not null,
    group_id    blob not null,
    primary key (company_id, conflict_id, group_id)
) strict, without rowid;
create index conflict_groups_of_group on conflict_groups (company_id, group_id, conflict_id);

-- How many a company has: one without any asks for none.
alter table companies add column conflicts integer not null default 0;

insert into sqlite_stat1 (tbl, idx, stat) values
    ('conflicts',       'conflicts',                '200 100 1'),
    ('conflicts',       'conflicts_by_id',          '200 1'),
    ('conflicts',       'conflicts_by_name',        '200 100 1'),
    ('conflict_groups', 'conflict_groups',          '600 300 3 1'),
    ('conflict_groups', 'conflict_groups_of_group', '600 300 2 1');
analyze sqlite_schema;
