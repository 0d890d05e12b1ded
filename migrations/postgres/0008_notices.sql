-- Notices that wait to be sent by e-mail. A row goes when its notice is sent, or has lost its reason.

create table notices (
    company_id   bytea not null,
    notice_id    bytea not null,
    user_id      bytea not null,
    kind         text not null,
    data         text not null,
    due_at       bigint not null,
    tries        bigint not null,
    lease_id     bytea,
    created_at   bigint not null,
    primary key (company_id, notice_id)
);
create index notices_by_due on notices (company_id, due_at, notice_id);

-- When the next notice of a company is due: those with one are found without a look at any other.
alter table companies add column next_notice bigint;
create index companies_with_notices on companies (next_notice) where next_notice is not null;
