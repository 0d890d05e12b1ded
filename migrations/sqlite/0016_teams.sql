-- Teams, and the people and groups in them.

create table teams (
    company_id  blob not null,
    team_id     blob not null,
    name        text not null,
    icon        text,
    kind        text not null,
    description text,
    settings    text not null,
    is_default  integer not null,
    onboarded   integer not null,
    created_at  integer not null,
    updated_at  integer not null,
    archived_at integer,
    version     integer not null,
    primary key (company_id, team_id)
) strict, without rowid;
create unique index teams_default on teams (company_id) where is_default;

create table team_members (
    company_id blob not null,
    team_id    blob not null,
    member_id  blob not null,
    is_group   integer not null,
    added_at   integer not null,
    added_by   blob,
    primary key (company_id, team_id, member_id)
) strict, without rowid;
create index team_members_by_member on team_members (company_id, member_id, team_id);

analyze sqlite_schema;
insert into sqlite_stat1 (tbl, idx, stat) values
    ('teams',        'teams',                  '2000 100 1'),
    ('teams',        'teams_default',          '20 1'),
    ('team_members', 'team_members',           '200000 10000 100 1'),
    ('team_members', 'team_members_by_member', '200000 10000 3 1');
analyze sqlite_schema;
