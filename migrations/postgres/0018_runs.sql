-- Runs of connections: what a source says, held against what we have, and what came of it.

create table runs (
    company_id    bytea not null,
    run_id        bytea not null,
    connection_id bytea not null,
    kind          text not null,
    trial         boolean not null,
    state         text not null,
    asked_by      text not null,
    confirmation  text,
    asked_at      bigint not null,
    started_at    bigint,
    ended_at      bigint,
    leased_until  bigint not null,
    report        text not null,
    error         text,
    primary key (company_id, run_id)
);
create index runs_of_connection on runs (company_id, connection_id, run_id);
create index runs_open on runs (company_id, run_id) where ended_at is null;

-- What a connection needs to be pulled and no door shows, and when that is next to be done.
create table pulls (
    company_id    bytea not null,
    connection_id bytea not null,
    secret        bytea,
    mark          text,
    whole_at      bigint,
    drift_at      bigint,
    next_at       bigint,
    primary key (company_id, connection_id)
);
create index pulls_due on pulls (company_id, next_at) where next_at is not null;

-- Whom to look after, and when, without a look at any other company.
alter table companies add column next_pull bigint;
create index companies_pulled on companies (next_pull) where next_pull is not null;

-- What a source last said of a person or group: what we hold may have been changed by hand since.
alter table links add column said text;
