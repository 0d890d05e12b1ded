-- Webhooks: who is told of what, the log of what was sent, and the keys that sign for Cakewalk receivers.
-- Secrets are sealed (AES-256-GCM) with a key that derives from the master key.

create table webhooks (
    company_id      bytea not null,
    webhook_id      bytea not null,
    name            text,
    url             text not null,
    form            text not null,
    events          text not null,
    state           text not null,
    owner_id        bytea,
    secret          bytea not null,
    public_key      bytea,
    previous_secret bytea,
    previous_until  bigint,
    cursor          bigint not null,
    tries           bigint not null,
    failing_since   bigint,
    next_try_at     bigint,
    head_id         bytea,
    queued          bigint not null,
    lease_id        bytea,
    leased_until    bigint not null,
    disabled_why    text,
    created_at      bigint not null,
    updated_at      bigint not null,
    version         bigint not null,
    primary key (company_id, webhook_id)
);

create table deliveries (
    company_id  bytea not null,
    webhook_id  bytea not null,
    delivery_id bytea not null,
    message     text not null,
    kind        text not null,
    revision    bigint,
    state       text not null,
    tries       bigint not null,
    created_at  bigint not null,
    tried_at    bigint,
    status      bigint,
    error       text,
    response    text,
    millis      bigint not null,
    primary key (company_id, webhook_id, delivery_id)
);
create index deliveries_open on deliveries (company_id, webhook_id, delivery_id) where state <> 'delivered';

create table signing_keys (
    company_id bytea not null,
    key_id     bytea not null,
    secret     bytea not null,
    public_key bytea not null,
    created_at bigint not null,
    signs_from bigint not null,
    primary key (company_id, key_id)
);

-- How many webhooks a company has: those with some are found without a look at any other.
alter table companies add column webhooks bigint not null default 0;
create index companies_hooked on companies (company_id) where webhooks > 0;
