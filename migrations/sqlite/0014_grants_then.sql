-- Who gave a role at an instant that has passed is asked by the role as well: its grants that ended are indexed too.
drop index grants_by_role;
create index grants_by_role on grants (company_id, role_id, group_id);

insert into sqlite_stat1 (tbl, idx, stat) values
    ('grants', 'grants_by_role', '20000 10000 20 1');
analyze sqlite_schema;
