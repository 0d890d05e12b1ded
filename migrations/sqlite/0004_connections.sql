-- Identity sources, and which people and groups each of them knows under which id of its own.

create table connections (
    company_id    blob not null,
    connection_id blob not null,
    name          text not null,
    name_key      text not null,
    kind          text not null,
    owner_id      blob,
    one_way       integer not null,
    adopt         text not null,
    settings      text not null,
    last_run_at   integer,
    last_ok_at    integer,
    last_error    text,
    created_at    integer not null,
    updated_at    integer not null,
    deleted_at    integer,
    version       integer not null,
    primary key (company_id, connection_id)
) strict, without rowid;
create unique index connections_by_id on connections (connection_id);
create unique index connections_by_name on connections (company_id, name_key) where deleted_at is null;

-- A link that has ended stays: it tells that the connection has taken the person or group away from its own sight.
-- The nil connection stands for hands, which can do that as well, and link nothing.
create table links (
    company_id    blob not null,
    connection_id blob not null,
    noun          text not null,
    object_id     blob not null,
    external_id   text,
    made          integer not null,
    linked_at     integer not null,
    ended_at      integer,
    primary key (company_id, connection_id, noun, object_id)
) strict, without rowid;
create unique index links_by_external_id on links (company_id, connection_id, noun, external_id) where ended_at is null and external_id is not null;
create index links_by_object on links (company_id, object_id) where ended_at is null;
create unique index links_of_group on links (company_id, object_id, noun) where ended_at is null and noun = 'group';

-- What a connection keeps, when it is taken away or shows its own.
create index reasons_by_source on reasons (company_id, source_id, group_id, user_id) where closed_rev is null and kind = 'synced';
create index groups_by_external_id on groups (company_id, external_id) where external_id is not null;
create index keys_of_connection on keys (company_id, connection_id) where connection_id is not null;

insert into sqlite_stat1 (tbl, idx, stat) values
    ('connections', 'connections',          '100 20 1'),
    ('connections', 'connections_by_id',    '100 10'),
    ('connections', 'connections_by_name',  '100 20 1'),
    ('links',       'links',                '200000 100000 50000 25000 1'),
    ('links',       'links_by_external_id', '200000 100000 50000 25000 1'),
    ('links',       'links_by_object',      '200000 100000 2'),
    ('links',       'links_of_group',       '20000 10000 1 1'),
    ('reasons',     'reasons_by_source',    '1000000 500000 250000 50 1'),
    ('groups',      'groups_by_external_id', '20000 10000 1'),
    ('keys',        'keys_of_connection',   '200 100 2');
analyze sqlite_schema;
