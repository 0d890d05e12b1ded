create table bench_users as select row_number() over (order by user_id) as n, user_id as id from users where company_id = decode(:'company', 'hex');
create table bench_groups as select row_number() over (order by group_id) as n, group_id as id from groups where company_id = decode(:'company', 'hex');
create unique index on bench_users (n);
create unique index on bench_groups (n);
analyze;
