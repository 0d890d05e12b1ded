-- The statement that reads a group by id.
\set g random(1, :groups)
select name, description, icon, external_id, source, unmodifiable, state, created_at, created_by, updated_at from groups where company_id = decode(:company, 'hex') and group_id = (select id from bench_groups where n = :g);
