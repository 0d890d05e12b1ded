-- Sessions of the console: a person signed in, for a while.
create table sessions (
    company_id   bytea   not null,
    session_id   bytea   not null,
    secret_hash  bytea   not null,
    user_id      bytea   not null,
    key_id       bytea,
    created_at   bigint  not null,
    last_used_at bigint  not null,
    expires_at   bigint  not null,
    ended_at     bigint,
    primary key (company_id, session_id)
);
create index sessions_of_key on sessions (company_id, key_id) where key_id is not null;
create index sessions_expiring on sessions (company_id, expires_at);
