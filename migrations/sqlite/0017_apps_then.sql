-- What groups gave of an app before is asked by the app.

create index group_apps_ever on group_apps (company_id, app_id, group_id);

insert into sqlite_stat1 (tbl, idx, stat) values
    ('group_apps', 'group_apps_ever', '40000 20000 20 2');
analyze sqlite_schema;
