-- What an administrator lets a key take out of a group in spite of the brake.
create table releases (
    company_id bytea not null,
    group_id   bytea not null,
    key_id     bytea not null,
    removals   bigint not null,
    until_at   bigint not null,
    primary key (company_id, group_id, key_id)
);
