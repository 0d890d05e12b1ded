-- The revision of the platform company up to which this company has the platform's groups.
alter table companies add column platform_mark integer not null default 0;
create index companies_by_platform_mark on companies (platform_mark, company_id) where state = 'active';

analyze sqlite_schema;
insert into sqlite_stat1 (tbl, idx, stat) values
    ('companies', 'companies_by_platform_mark', '10000 5000 1');
analyze sqlite_schema;
