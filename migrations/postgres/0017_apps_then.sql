-- What groups gave of an app before is asked by the app.

create index group_apps_ever on group_apps (company_id, app_id, group_id);
