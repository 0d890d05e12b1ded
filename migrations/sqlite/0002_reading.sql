-- Members of a group without a look at the table: each row of a listing asks for these columns twice.
create index reasons_by_group on reasons (company_id, group_id, user_id, starts_at, ends_at, added_at) where closed_rev is null;

-- What SQLite's planner should expect of each index: rows, then rows that share its first column, its first two …
-- Without this it takes a company for ten rows, and reads a whole one where an index leads to a few.
-- A table or index made later brings its own line. The figures are those of a large company, and only their order
-- matters; an id is said to be shared by ten, so that the primary key, which needs no second look, goes first.

analyze sqlite_schema;
insert into sqlite_stat1 (tbl, idx, stat) values
    ('companies',   'companies',              '20 1'),
    ('companies',   'companies_due',          '10 1'),
    ('keys',        'keys',                   '200 1'),
    ('keys',        'keys_of_company',        '200 100 1'),
    ('keys',        'keys_of_user',           '200 100 2'),
    ('users',       'users',                  '200000 100000 1'),
    ('users',       'users_by_id',            '200000 10'),
    ('users',       'users_by_email',         '200000 100000 1'),
    ('users',       'users_by_user_name',     '200000 100000 1'),
    ('users',       'users_by_name',          '200000 100000 2 1'),
    ('users',       'users_by_birth',         '200000 100000 2 1'),
    ('users',       'users_by_external_id',   '200000 100000 1'),
    ('users',       'users_by_manager',       '100000 50000 10'),
    ('users',       'users_by_role',          '200000 100000 25000'),
    ('groups',      'groups',                 '20000 10000 1'),
    ('groups',      'groups_by_id',           '20000 10'),
    ('groups',      'groups_by_name',         '20000 10000 8000 2 1'),
    ('groups',      'groups_by_birth',        '20000 10000 8000 2 1'),
    ('groups',      'groups_by_purge',        '200 100 1'),
    ('owners',      'owners',                 '20000 10000 2 1'),
    ('owners',      'owners_by_owner',        '20000 10000 10'),
    ('reasons',     'reasons',                '2000000 1000000 100 2 1'),
    ('reasons',     'reasons_standing',       '1000000 500000 50 1 1 1'),
    ('reasons',     'reasons_by_group',       '1000000 500000 50 1 1 1 1'),
    ('reasons',     'reasons_of_user',        '1000000 500000 10 1'),
    ('reasons',     'reasons_past_of_user',   '1000000 500000 10 1'),
    ('events',      'events',                 '10000000 5000000 1'),
    ('events',      'events_by_subject',      '10000000 5000000 500 1'),
    ('event_texts', 'event_texts',            '1000000 500000 1'),
    ('event_texts', 'event_texts_by_subject', '1000000 500000 5'),
    ('refusals',    'refusals',               '10000 5000 1'),
    ('answers',     'answers',                '10000 5000 2000 1'),
    ('answers',     'answers_by_age',         '10000 5000 2');
analyze sqlite_schema;
