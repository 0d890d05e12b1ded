-- Who gave a role at an instant that has passed is asked by the role as well: its grants that ended are indexed too.
drop index grants_by_role;
create index grants_by_role on grants (company_id, role_id, group_id);
