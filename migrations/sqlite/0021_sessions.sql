-- Sessions of the console: a person signed in, for a while.
create table sessions (
    company_id   blob    not null,
    session_id   blob    not null,
    secret_hash  blob    not null,
    user_id      blob    not null,
    key_id       blob,
    created_at   integer not null,
    last_used_at integer not null,
    expires_at   integer not null,
    ended_at     integer,
    primary key (company_id, session_id)
) strict, without rowid;
create index sessions_of_key on sessions (company_id, key_id) where key_id is not null;
create index sessions_expiring on sessions (company_id, expires_at);

analyze sqlite_schema;
insert into sqlite_stat1 (tbl, idx, stat) values
    ('sessions', 'sessions',          '20000 2000 1'),
    ('sessions', 'sessions_of_key',   '20000 2000 4'),
    ('sessions', 'sessions_expiring', '20000 2000 1');
analyze sqlite_schema;
