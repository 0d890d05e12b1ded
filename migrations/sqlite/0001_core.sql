-- Companies, keys, users, groups, memberships and their journal.
-- Ids are 16 bytes, times microseconds since the epoch. A *_key column is the folded form that names are compared by.

create table companies (
    company_id   blob not null primary key,
    name         text not null,
    settings     text not null,
    state        text not null,
    revision     integer not null,
    last_hash    blob not null,
    recorded_at  integer not null,
    next_due     integer,
    refusals     integer not null,
    refusal_hash blob not null,
    version      integer not null,
    created_at   integer not null,
    updated_at   integer not null
) strict, without rowid;
create index companies_due on companies (next_due) where next_due is not null;

create table keys (
    key_id         blob not null primary key,
    company_id     blob not null,
    user_id        blob,
    name           text,
    access         text not null,
    connection_id  blob,
    secret_hash    blob not null,
    previous_hash  blob,
    previous_until integer,
    created_at     integer not null,
    expires_at     integer,
    last_used_at   integer,
    revoked_at     integer
) strict, without rowid;
create index keys_of_company on keys (company_id, key_id);
create index keys_of_user on keys (company_id, user_id);

create table users (
    company_id    blob not null,
    user_id       blob not null,
    name          text not null,
    name_key      text not null,
    given_name    text,
    family_name   text,
    email         text not null,
    email_key     text not null,
    user_name     text not null,
    user_name_key text not null,
    search_key    text not null,
    status        text not null,
    role          text not null,
    manager_id    blob,
    external_id   text,
    attributes    text not null,
    last_login    integer,
    created_at    integer not null,
    updated_at    integer not null,
    version       integer not null,
    erased_at     integer,
    primary key (company_id, user_id)
) strict, without rowid;
create unique index users_by_id on users (user_id);
create unique index users_by_email on users (company_id, email_key) where erased_at is null;
create unique index users_by_user_name on users (company_id, user_name_key) where erased_at is null;
create index users_by_name on users (company_id, name_key, user_id) where erased_at is null;
create index users_by_birth on users (company_id, created_at, user_id) where erased_at is null;
create index users_by_external_id on users (company_id, external_id) where external_id is not null;
create index users_by_manager on users (company_id, manager_id) where manager_id is not null;
create index users_by_role on users (company_id, role) where erased_at is null;

create table groups (
    company_id         blob not null,
    group_id           blob not null,
    name               text not null,
    name_key           text not null,
    description        text,
    search_key         text not null,
    icon               text,
    external_id        text,
    source             text,
    unmodifiable       integer not null,
    state              text not null,
    created_at         integer not null,
    created_by         blob,
    updated_at         integer not null,
    updated_by         blob,
    members_changed_at integer not null,
    purge_at           integer,
    version            integer not null,
    primary key (company_id, group_id)
) strict, without rowid;
create unique index groups_by_id on groups (group_id);
create index groups_by_name on groups (company_id, state, name_key, group_id);
create index groups_by_birth on groups (company_id, state, created_at, group_id);
create index groups_by_purge on groups (company_id, purge_at) where purge_at is not null;

create table owners (
    company_id blob not null,
    group_id   blob not null,
    owner_id   blob not null,
    owner_kind text not null,
    primary key (company_id, group_id, owner_id)
) strict, without rowid;
create index owners_by_owner on owners (company_id, owner_id);

-- Never overwritten: an edit closes a row and opens another.
create table reasons (
    company_id blob not null,
    group_id   blob not null,
    user_id    blob not null,
    reason_id  blob not null,
    kind       text not null,
    source_id  blob not null,
    giver_id   blob,
    note       text,
    starts_at  integer,
    ends_at    integer,
    added_at   integer not null,
    opened_at  integer not null,
    opened_rev integer not null,
    closed_at  integer,
    closed_rev integer,
    closed_by  blob,
    primary key (company_id, group_id, user_id, reason_id)
) strict, without rowid;
create unique index reasons_standing on reasons (company_id, group_id, user_id, kind, source_id) where closed_rev is null;
create index reasons_of_user on reasons (company_id, user_id, group_id) where closed_rev is null;
create index reasons_past_of_user on reasons (company_id, user_id, closed_at) where closed_rev is not null;

create table events (
    company_id    blob not null,
    revision      integer not null,
    at            integer not null,
    recorded_at   integer not null,
    kind          text not null,
    subject_id    blob not null,
    actor         text not null,
    key_id        blob,
    dialect       text not null,
    request_id    blob not null,
    cause         text,
    data          text not null,
    personal_hash blob,
    hash          blob not null,
    primary key (company_id, revision)
) strict, without rowid;
create index events_by_subject on events (company_id, subject_id, revision);

-- What persons are called, apart from the chain, which holds only the salted hash: erasing removes the row.
create table event_texts (
    company_id blob not null,
    revision   integer not null,
    subject_id blob not null,
    salt       blob not null,
    body       text not null,
    primary key (company_id, revision)
) strict, without rowid;
create index event_texts_by_subject on event_texts (company_id, subject_id);

-- The second chain: authenticated refusals, counted per key and cause.
create table refusals (
    company_id blob not null,
    seq        integer not null,
    key_id     blob not null,
    cause      text not null,
    dialect    text not null,
    count      integer not null,
    first_at   integer not null,
    last_at    integer not null,
    hash       blob not null,
    primary key (company_id, seq)
) strict, without rowid;

-- Answers to requests that carried an idempotency key.
create table answers (
    company_id blob not null,
    key_id     blob not null,
    once_key   text not null,
    request    blob not null,
    answer     blob not null,
    created_at integer not null,
    primary key (company_id, key_id, once_key)
) strict, without rowid;
create index answers_by_age on answers (company_id, created_at);
