-- Teams, and the people and groups in them.

create table teams (
    company_id  bytea not null,
    team_id     bytea not null,
    name        text not null,
    icon        text,
    kind        text not null,
    description text,
    settings    text not null,
    is_default  boolean not null,
    onboarded   boolean not null,
    created_at  bigint not null,
    updated_at  bigint not null,
    archived_at bigint,
    version     bigint not null,
    primary key (company_id, team_id)
);
create unique index teams_default on teams (company_id) where is_default;

create table team_members (
    company_id bytea not null,
    team_id    bytea not null,
    member_id  bytea not null,
    is_group   boolean not null,
    added_at   bigint not null,
    added_by   bytea,
    primary key (company_id, team_id, member_id)
);
create index team_members_by_member on team_members (company_id, member_id, team_id);
