-- Identity sources, and which people and groups each of them knows under which id of its own.

create table connections (
    company_id    bytea not null,
    connection_id bytea not null,
    name          text not null,
    name_key      text collate "C" not null,
    kind          text not null,
    owner_id      bytea,
    one_way       boolean not null,
    adopt         text not null,
    settings      text not null,
    last_run_at   bigint,
    last_ok_at    bigint,
    last_error    text,
    created_at    bigint not null,
    updated_at    bigint not null,
    deleted_at    bigint,
    version       bigint not null,
    primary key (company_id, connection_id)
);
create unique index connections_by_id on connections (connection_id);
create unique index connections_by_name on connections (company_id, name_key) where deleted_at is null;

-- A link that has ended stays: it tells that the connection has taken the person or group away from its own sight.
-- The nil connection stands for hands, which can do that as well, and link nothing.
create table links (
    company_id    bytea not null,
    connection_id bytea not null,
    noun          text not null,
    object_id     bytea not null,
    external_id   text collate "C",
    made          boolean not null,
    linked_at     bigint not null,
    ended_at      bigint,
    primary key (company_id, connection_id, noun, object_id)
);
create unique index links_by_external_id on links (company_id, connection_id, noun, external_id) where ended_at is null and external_id is not null;
create index links_by_object on links (company_id, object_id) where ended_at is null;
create unique index links_of_group on links (company_id, object_id, noun) where ended_at is null and noun = 'group';

-- What a connection keeps, when it is taken away or shows its own.
create index reasons_by_source on reasons (company_id, source_id, group_id, user_id) where closed_rev is null and kind = 'synced';
create index groups_by_external_id on groups (company_id, external_id) where external_id is not null;
create index keys_of_connection on keys (company_id, connection_id) where connection_id is not null;

