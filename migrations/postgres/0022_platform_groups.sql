-- The revision of the platform company up to which this company has the platform's groups.
alter table companies add column platform_mark bigint not null default 0;
create index companies_by_platform_mark on companies (platform_mark, company_id) where state = 'active';
