-- Apps, what groups hold of them, and who has which.

create table apps (
    company_id blob not null,
    app_id     blob not null,
    name       text not null,
    name_key   text not null,
    search_key text not null,
    status     text not null,
    owner_id   blob,
    body       text not null,
    created_at integer not null,
    updated_at integer not null,
    version    integer not null,
    primary key (company_id, app_id)
) strict, without rowid;
create unique index apps_by_id on apps (app_id);
create index apps_by_name on apps (company_id, name_key, app_id);

-- Never overwritten: an edit closes a row and opens another.
create table accesses (
    company_id blob not null,
    app_id     blob not null,
    user_id    blob not null,
    access_id  blob not null,
    level_id   blob,
    is_owner   integer not null,
    giver_id   blob,
    opened_at  integer not null,
    opened_rev integer not null,
    closed_at  integer,
    closed_rev integer,
    closed_by  blob,
    primary key (company_id, app_id, user_id, access_id)
) strict, without rowid;
create unique index accesses_standing on accesses (company_id, app_id, user_id) where closed_rev is null;
create index accesses_of_user on accesses (company_id, user_id, app_id) where closed_rev is null;
create index accesses_past_of_user on accesses (company_id, user_id, closed_at) where closed_rev is not null;

create table group_apps (
    company_id blob not null,
    group_id   blob not null,
    app_id     blob not null,
    link_id    blob not null,
    visibility text not null,
    level_id   blob,
    giver_id   blob,
    opened_at  integer not null,
    opened_rev integer not null,
    closed_at  integer,
    closed_rev integer,
    closed_by  blob,
    primary key (company_id, group_id, app_id, link_id)
) strict, without rowid;
create unique index group_apps_standing on group_apps (company_id, group_id, app_id) where closed_rev is null;
create index group_apps_of_app on group_apps (company_id, app_id, group_id) where closed_rev is null;

analyze sqlite_schema;
insert into sqlite_stat1 (tbl, idx, stat) values
    ('apps',       'apps',                  '4000 2000 1'),
    ('apps',       'apps_by_id',            '4000 10'),
    ('apps',       'apps_by_name',          '4000 2000 2 1'),
    ('accesses',   'accesses',              '2000000 1000000 1000 2 1'),
    ('accesses',   'accesses_standing',     '1000000 500000 500 1'),
    ('accesses',   'accesses_of_user',      '1000000 500000 10 1'),
    ('accesses',   'accesses_past_of_user', '1000000 500000 10 1'),
    ('group_apps', 'group_apps',            '40000 20000 10 2 1'),
    ('group_apps', 'group_apps_standing',   '20000 10000 5 1'),
    ('group_apps', 'group_apps_of_app',     '20000 10000 10 1');
analyze sqlite_schema;
