-- The statements of one added and one removed member, a transaction each, as the server sends them.
\set u random(1, :users)
\set g random(1, :groups)
begin;
update companies set revision = revision where company_id = decode(:company, 'hex') returning state, settings, revision, last_hash, recorded_at;
select access, connection_id, secret_hash, expires_at, revoked_at from keys where key_id = decode(:key, 'hex');
select name, description, icon, source, state from groups where company_id = decode(:company, 'hex') and group_id = (select id from bench_groups where n = :g);
select status from users where company_id = decode(:company, 'hex') and user_id = (select id from bench_users where n = :u);
insert into reasons (company_id, group_id, user_id, reason_id, kind, source_id, added_at, opened_at, opened_rev) select decode(:company, 'hex'), (select id from bench_groups where n = :g), (select id from bench_users where n = :u), decode(md5(random()::text), 'hex'), 'direct', decode(repeat('00', 16), 'hex'), 1, 1, 1 on conflict do nothing returning reason_id;
update groups set members_changed_at = members_changed_at + 1 where company_id = decode(:company, 'hex') and group_id = (select id from bench_groups where n = :g);
insert into events (company_id, revision, at, recorded_at, kind, subject_id, actor, dialect, request_id, data, hash) select company_id, revision + 1, 1, 1, 'group.members_added', (select id from bench_groups where n = :g), repeat('u', 41), 'native', decode(md5(random()::text), 'hex'), repeat('d', 130), decode(repeat('00', 32), 'hex') from companies where company_id = decode(:company, 'hex');
update companies set revision = revision + 1 where company_id = decode(:company, 'hex');
commit;
begin;
update companies set revision = revision where company_id = decode(:company, 'hex') returning state, settings, revision, last_hash, recorded_at;
select access, connection_id, secret_hash, expires_at, revoked_at from keys where key_id = decode(:key, 'hex');
select name, description, icon, source, state from groups where company_id = decode(:company, 'hex') and group_id = (select id from bench_groups where n = :g);
select reason_id, kind, source_id, starts_at, ends_at, note, added_at from reasons where company_id = decode(:company, 'hex') and group_id = (select id from bench_groups where n = :g) and user_id = (select id from bench_users where n = :u) and closed_rev is null;
update reasons set closed_at = 1, closed_rev = 1, closed_by = user_id where company_id = decode(:company, 'hex') and group_id = (select id from bench_groups where n = :g) and user_id = (select id from bench_users where n = :u) and closed_rev is null;
update groups set members_changed_at = members_changed_at + 1 where company_id = decode(:company, 'hex') and group_id = (select id from bench_groups where n = :g);
insert into events (company_id, revision, at, recorded_at, kind, subject_id, actor, dialect, request_id, data, hash) select company_id, revision + 1, 1, 1, 'group.members_removed', (select id from bench_groups where n = :g), repeat('u', 41), 'native', decode(md5(random()::text), 'hex'), repeat('d', 110), decode(repeat('00', 32), 'hex') from companies where company_id = decode(:company, 'hex');
update companies set revision = revision + 1 where company_id = decode(:company, 'hex');
commit;
