-- One index of the open reasons of a group where there were three: it says what a repeat is, and leads to members.
-- A rule gives a user as many reasons as there are spans of time in which it is true of them; all else gives one.

create unique index reasons_open on reasons
    (company_id, group_id, user_id, kind, source_id, (case when kind = 'rule' then coalesce(starts_at, 0) else 0 end))
    where closed_rev is null;
drop index reasons_standing;
drop index reasons_ruled;
drop index reasons_by_group;
