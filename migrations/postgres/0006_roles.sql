-- Roles, and which groups give them.

create table roles (
    company_id  bytea not null,
    role_id     bytea not null,
    name        text not null,
    description text not null,
    permissions text not null,
    created_at  bigint not null,
    created_by  bytea,
    updated_at  bigint not null,
    updated_by  bytea,
    deleted_at  bigint,
    version     bigint not null,
    primary key (company_id, role_id)
);
create unique index roles_by_id on roles (role_id);

-- A group gives a role within a scope. Never overwritten: a row is opened once and closed once. power is what the two
-- come to in Guildhall itself: 0 nothing, 1 reading, 2 everything in the company.
create table grants (
    company_id bytea not null,
    group_id   bytea not null,
    role_id    bytea not null,
    scope_key  bytea not null,
    scope      text not null,
    power      bigint not null,
    opened_rev bigint not null,
    opened_at  bigint not null,
    opened_by  bytea,
    closed_at  bigint,
    closed_rev bigint,
    closed_by  bytea,
    primary key (company_id, group_id, role_id, scope_key, opened_rev)
);
create unique index grants_standing on grants (company_id, group_id, role_id, scope_key) where closed_rev is null;
create index grants_by_role on grants (company_id, role_id, group_id) where closed_rev is null;
create index grants_with_power on grants (company_id, group_id, power) where closed_rev is null and power > 0;
