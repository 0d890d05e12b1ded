-- Notices that wait to be sent by e-mail. A row goes when its notice is sent, or has lost its reason.

create table notices (
    company_id   blob not null,
    notice_id    blob not null,
    user_id      blob not null,
    kind         text not null,
    data         text not null,
    due_at       integer not null,
    tries        integer not null,
    lease_id     blob,
    created_at   integer not null,
    primary key (company_id, notice_id)
) strict, without rowid;
create index notices_by_due on notices (company_id, due_at, notice_id);

-- When the next notice of a company is due: those with one are found without a look at any other.
alter table companies add column next_notice integer;
create index companies_with_notices on companies (next_notice) where next_notice is not null;

insert into sqlite_stat1 (tbl, idx, stat) values
    ('companies', 'companies_with_notices', '10 1'),
    ('notices',   'notices',                '10000 5000 1'),
    ('notices',   'notices_by_due',         '10000 5000 2 1');
analyze sqlite_schema;
