-- Apps, what groups hold of them, and who has which.

create table apps (
    company_id bytea not null,
    app_id     bytea not null,
    name       text not null,
    name_key   text not null,
    search_key text not null,
    status     text not null,
    owner_id   bytea,
    body       text not null,
    created_at bigint not null,
    updated_at bigint not null,
    version    bigint not null,
    primary key (company_id, app_id)
);
create unique index apps_by_id on apps (app_id);
create index apps_by_name on apps (company_id, name_key, app_id);

-- Never overwritten: an edit closes a row and opens another.
create table accesses (
    company_id bytea not null,
    app_id     bytea not null,
    user_id    bytea not null,
    access_id  bytea not null,
    level_id   bytea,
    is_owner   boolean not null,
    giver_id   bytea,
    opened_at  bigint not null,
    opened_rev bigint not null,
    closed_at  bigint,
    closed_rev bigint,
    closed_by  bytea,
    primary key (company_id, app_id, user_id, access_id)
);
create unique index accesses_standing on accesses (company_id, app_id, user_id) where closed_rev is null;
create index accesses_of_user on accesses (company_id, user_id, app_id) where closed_rev is null;
create index accesses_past_of_user on accesses (company_id, user_id, closed_at) where closed_rev is not null;

create table group_apps (
    company_id bytea not null,
    group_id   bytea not null,
    app_id     bytea not null,
    link_id    bytea not null,
    visibility text not null,
    level_id   bytea,
    giver_id   bytea,
    opened_at  bigint not null,
    opened_rev bigint not null,
    closed_at  bigint,
    closed_rev bigint,
    closed_by  bytea,
    primary key (company_id, group_id, app_id, link_id)
);
create unique index group_apps_standing on group_apps (company_id, group_id, app_id) where closed_rev is null;
create index group_apps_of_app on group_apps (company_id, app_id, group_id) where closed_rev is null;
