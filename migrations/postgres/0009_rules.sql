-- Rules: an expression that keeps a group's members.

alter table groups add column rule text;
alter table group_versions add column rule text;
create index groups_by_rule on groups (company_id, group_id) where rule is not null;

-- Names the present state of a company's rules: another one at each change of any of them.
alter table companies add column rules_mark bytea;

-- A rule gives a user as many reasons as there are spans of time in which it is true of them.
drop index reasons_standing;
create unique index reasons_standing on reasons (company_id, group_id, user_id, kind, source_id) where closed_rev is null and kind <> 'rule';
create unique index reasons_ruled on reasons (company_id, group_id, user_id, coalesce(starts_at, 0)) where closed_rev is null and kind = 'rule';
