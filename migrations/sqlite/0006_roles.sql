-- Roles, and which groups give them.

create table roles (
    company_id  blob not null,
    role_id     blob not null,
    name        text not null,
    description text not null,
    permissions text not null,
    created_at  integer not null,
    created_by  blob,
    updated_at  integer not null,
    updated_by  blob,
    deleted_at  integer,
    version     integer not null,
    primary key (company_id, role_id)
) strict, without rowid;
create unique index roles_by_id on roles (role_id);

-- A group gives a role within a scope. Never overwritten: a row is opened once and closed once. power is what the two
-- come to in Guildhall itself: 0 nothing, 1 reading, 2 everything in the company.
create table grants (
    company_id blob not null,
    group_id   blob not null,
    role_id    blob not null,
    scope_key  blob not null,
    scope      text not null,
    power      integer not null,
    opened_rev integer not null,
    opened_at  integer not null,
    opened_by  blob,
    closed_at  integer,
    closed_rev integer,
    closed_by  blob,
    primary key (company_id, group_id, role_id, scope_key, opened_rev)
) strict, without rowid;
create unique index grants_standing on grants (company_id, group_id, role_id, scope_key) where closed_rev is null;
create index grants_by_role on grants (company_id, role_id, group_id) where closed_rev is null;
create index grants_with_power on grants (company_id, group_id, power) where closed_rev is null and power > 0;

insert into sqlite_stat1 (tbl, idx, stat) values
    ('roles',  'roles',             '10000 100 1'),
    ('roles',  'roles_by_id',       '10000 1'),
    ('grants', 'grants',            '20000 10000 2 2 1 1'),
    ('grants', 'grants_standing',   '20000 10000 2 2 1'),
    ('grants', 'grants_by_role',    '20000 10000 20 1'),
    ('grants', 'grants_with_power', '20 10 2 1');
analyze sqlite_schema;
