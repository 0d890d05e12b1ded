-- Webhooks: who is told of what, the log of what was sent, and the keys that sign for Cakewalk receivers.
-- Secrets are sealed (AES-256-GCM) with a key that derives from the master key.

create table webhooks (
    company_id      blob not null,
    webhook_id      blob not null,
    name            text,
    url             text not null,
    form            text not null,
    events          text not null,
    state           text not null,
    owner_id        blob,
    secret          blob not null,
    public_key      blob,
    previous_secret blob,
    previous_until  integer,
    cursor          integer not null,
    tries           integer not null,
    failing_since   integer,
    next_try_at     integer,
    head_id         blob,
    queued          integer not null,
    lease_id        blob,
    leased_until    integer not null,
    disabled_why    text,
    created_at      integer not null,
    updated_at      integer not null,
    version         integer not null,
    primary key (company_id, webhook_id)
) strict, without rowid;

create table deliveries (
    company_id  blob not null,
    webhook_id  blob not null,
    delivery_id blob not null,
    message     text not null,
    kind        text not null,
    revision    integer,
    state       text not null,
    tries       integer not null,
    created_at  integer not null,
    tried_at    integer,
    status      integer,
    error       text,
    response    text,
    millis      integer not null,
    primary key (company_id, webhook_id, delivery_id)
) strict, without rowid;
create index deliveries_open on deliveries (company_id, webhook_id, delivery_id) where state <> 'delivered';

create table signing_keys (
    company_id blob not null,
    key_id     blob not null,
    secret     blob not null,
    public_key blob not null,
    created_at integer not null,
    signs_from integer not null,
    primary key (company_id, key_id)
) strict, without rowid;

-- How many webhooks a company has: those with some are found without a look at any other.
alter table companies add column webhooks integer not null default 0;
create index companies_hooked on companies (company_id) where webhooks > 0;

insert into sqlite_stat1 (tbl, idx, stat) values
    ('companies',    'companies_hooked', '10 1'),
    ('webhooks',     'webhooks',         '100 10 1'),
    ('deliveries',   'deliveries',       '1000000 500000 50000 1'),
    ('deliveries',   'deliveries_open',  '10000 5000 500 1'),
    ('signing_keys', 'signing_keys',     '20 2 1');
analyze sqlite_schema;
