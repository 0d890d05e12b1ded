-- What an administrator lets a key take out of a group in spite of the brake.
create table releases (
    company_id blob not null,
    group_id   blob not null,
    key_id     blob not null,
    removals   integer not null,
    until_at   integer not null,
    primary key (company_id, group_id, key_id)
) strict, without rowid;

insert into sqlite_stat1 (tbl, idx, stat) values ('releases', 'releases', '200 100 2 1');
analyze sqlite_schema;
