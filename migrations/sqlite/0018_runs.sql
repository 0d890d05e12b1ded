-- Runs of connections: what a source says, held against what we have, and what came of it.

create table runs (
    company_id    blob not null,
    run_id        blob not null,
    connection_id blob not null,
    kind          text not null,
    trial         integer not null,
    state         text not null,
    asked_by      text not null,
    confirmation  text,
    asked_at      integer not null,
    started_at    integer,
    ended_at      integer,
    leased_until  integer not null,
    report        text not null,
    error         text,
    primary key (company_id, run_id)
) strict, without rowid;
create index runs_of_connection on runs (company_id, connection_id, run_id);
create index runs_open on runs (company_id, run_id) where ended_at is null;

-- What a connection needs to be pulled and no door shows, and when that is next to be done.
create table pulls (
    company_id    blob not null,
    connection_id blob not null,
    secret        blob,
    mark          text,
    whole_at      integer,
    drift_at      integer,
    next_at       integer,
    primary key (company_id, connection_id)
) strict, without rowid;
create index pulls_due on pulls (company_id, next_at) where next_at is not null;

-- Whom to look after, and when, without a look at any other company.
alter table companies add column next_pull integer;
create index companies_pulled on companies (next_pull) where next_pull is not null;

-- What a source last said of a person or group: what we hold may have been changed by hand since.
alter table links add column said text;

insert into sqlite_stat1 (tbl, idx, stat) values
    ('runs',      'runs',               '10000 500 1'),
    ('runs',      'runs_of_connection', '10000 500 50 1'),
    ('runs',      'runs_open',          '100 5 1'),
    ('pulls',     'pulls',              '100 20 1'),
    ('pulls',     'pulls_due',          '100 20 1'),
    ('companies', 'companies_pulled',   '10 1');
analyze sqlite_schema;
