-- SQLite is told here what to expect of each index; PostgreSQL gathers that by itself.
-- Members of a group: rows that have been closed are not read past.
create index reasons_by_group on reasons (company_id, group_id, user_id, starts_at, ends_at, added_at) where closed_rev is null;
