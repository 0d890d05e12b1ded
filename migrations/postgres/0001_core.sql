-- Companies, keys, users, groups, memberships and their journal.
-- Ids are 16 bytes, times microseconds since the epoch. A *_key column is the folded form that names are compared by.

create table companies (
    company_id   bytea not null primary key,
    name         text not null,
    settings     text not null,
    state        text not null,
    revision     bigint not null,
    last_hash    bytea not null,
    recorded_at  bigint not null,
    next_due     bigint,
    refusals     bigint not null,
    refusal_hash bytea not null,
    version      bigint not null,
    created_at   bigint not null,
    updated_at   bigint not null
);
create index companies_due on companies (next_due) where next_due is not null;

create table keys (
    key_id         bytea not null primary key,
    company_id     bytea not null,
    user_id        bytea,
    name           text,
    access         text not null,
    connection_id  bytea,
    secret_hash    bytea not null,
    previous_hash  bytea,
    previous_until bigint,
    created_at     bigint not null,
    expires_at     bigint,
    last_used_at   bigint,
    revoked_at     bigint
);
create index keys_of_company on keys (company_id, key_id);
create index keys_of_user on keys (company_id, user_id);

create table users (
    company_id    bytea not null,
    user_id       bytea not null,
    name          text not null,
    name_key      text collate "C" not null,
    given_name    text,
    family_name   text,
    email         text not null,
    email_key     text collate "C" not null,
    user_name     text not null,
    user_name_key text collate "C" not null,
    search_key    text collate "C" not null,
    status        text not null,
    role          text not null,
    manager_id    bytea,
    external_id   text,
    attributes    text not null,
    last_login    bigint,
    created_at    bigint not null,
    updated_at    bigint not null,
    version       bigint not null,
    erased_at     bigint,
    primary key (company_id, user_id)
);
create unique index users_by_id on users (user_id);
create unique index users_by_email on users (company_id, email_key) where erased_at is null;
create unique index users_by_user_name on users (company_id, user_name_key) where erased_at is null;
create index users_by_name on users (company_id, name_key, user_id) where erased_at is null;
create index users_by_birth on users (company_id, created_at, user_id) where erased_at is null;
create index users_by_external_id on users (company_id, external_id) where external_id is not null;
create index users_by_manager on users (company_id, manager_id) where manager_id is not null;
create index users_by_role on users (company_id, role) where erased_at is null;

create table groups (
    company_id         bytea not null,
    group_id           bytea not null,
    name               text not null,
    name_key           text collate "C" not null,
    description        text,
    search_key         text collate "C" not null,
    icon               text,
    external_id        text,
    source             text,
    unmodifiable       boolean not null,
    state              text not null,
    created_at         bigint not null,
    created_by         bytea,
    updated_at         bigint not null,
    updated_by         bytea,
    members_changed_at bigint not null,
    purge_at           bigint,
    version            bigint not null,
    primary key (company_id, group_id)
);
create unique index groups_by_id on groups (group_id);
create index groups_by_name on groups (company_id, state, name_key, group_id);
create index groups_by_birth on groups (company_id, state, created_at, group_id);
create index groups_by_purge on groups (company_id, purge_at) where purge_at is not null;

create table owners (
    company_id bytea not null,
    group_id   bytea not null,
    owner_id   bytea not null,
    owner_kind text not null,
    primary key (company_id, group_id, owner_id)
);
create index owners_by_owner on owners (company_id, owner_id);

-- Never overwritten: an edit closes a row and opens another.
create table reasons (
    company_id bytea not null,
    group_id   bytea not null,
    user_id    bytea not null,
    reason_id  bytea not null,
    kind       text not null,
    source_id  bytea not null,
    giver_id   bytea,
    note       text,
    starts_at  bigint,
    ends_at    bigint,
    added_at   bigint not null,
    opened_at  bigint not null,
    opened_rev bigint not null,
    closed_at  bigint,
    closed_rev bigint,
    closed_by  bytea,
    primary key (company_id, group_id, user_id, reason_id)
);
create unique index reasons_standing on reasons (company_id, group_id, user_id, kind, source_id) where closed_rev is null;
create index reasons_of_user on reasons (company_id, user_id, group_id) where closed_rev is null;
create index reasons_past_of_user on reasons (company_id, user_id, closed_at) where closed_rev is not null;

create table events (
    company_id    bytea not null,
    revision      bigint not null,
    at            bigint not null,
    recorded_at   bigint not null,
    kind          text not null,
    subject_id    bytea not null,
    actor         text not null,
    key_id        bytea,
    dialect       text not null,
    request_id    bytea not null,
    cause         text,
    data          text not null,
    personal_hash bytea,
    hash          bytea not null,
    primary key (company_id, revision)
);
create index events_by_subject on events (company_id, subject_id, revision);

-- What persons are called, apart from the chain, which holds only the salted hash: erasing removes the row.
create table event_texts (
    company_id bytea not null,
    revision   bigint not null,
    subject_id bytea not null,
    salt       bytea not null,
    body       text not null,
    primary key (company_id, revision)
);
create index event_texts_by_subject on event_texts (company_id, subject_id);

-- The second chain: authenticated refusals, counted per key and cause.
create table refusals (
    company_id bytea not null,
    seq        bigint not null,
    key_id     bytea not null,
    cause      text not null,
    dialect    text not null,
    count      bigint not null,
    first_at   bigint not null,
    last_at    bigint not null,
    hash       bytea not null,
    primary key (company_id, seq)
);

-- Answers to requests that carried an idempotency key.
create table answers (
    company_id bytea not null,
    key_id     bytea not null,
    once_key   text collate "C" not null,
    request    bytea not null,
    answer     bytea not null,
    created_at bigint not null,
    primary key (company_id, key_id, once_key)
);
create index answers_by_age on answers (company_id, created_at);
