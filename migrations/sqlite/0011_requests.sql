-- Policies, requests, tasks, delegations, offboardings.

create table policies (
    company_id    blob not null,
    policy_id     blob not null,
    name          text not null,
    name_key      text not null,
    description   text,
    kind          text not null,
    is_default    integer not null,
    number        integer not null,
    steps         text not null,
    autoprovision integer not null,
    created_at    integer not null,
    updated_at    integer not null,
    archived_at   integer,
    version       integer not null,
    primary key (company_id, policy_id)
) strict, without rowid;
create unique index policies_by_id on policies (policy_id);
create index policies_of_kind on policies (company_id, kind, policy_id) where archived_at is null;
create unique index policies_default on policies (company_id, kind) where is_default and archived_at is null;

-- Versions of policies: written once, never changed.
create table policy_versions (
    company_id    blob not null,
    policy_id     blob not null,
    number        integer not null,
    steps         text not null,
    autoprovision integer not null,
    created_at    integer not null,
    created_by    blob,
    primary key (company_id, policy_id, number)
) strict, without rowid;

-- What an app, one of its levels, or a group has chosen; the nil level stands for the whole of it.
create table policy_choices (
    company_id blob not null,
    of_id      blob not null,
    level_id   blob not null,
    kind       text not null,
    policy_id  blob not null,
    primary key (company_id, of_id, level_id, kind)
) strict, without rowid;
create index policy_choices_by_policy on policy_choices (company_id, policy_id);

create table requests (
    company_id    blob not null,
    request_id    blob not null,
    kind          text not null,
    status        text not null,
    requester_id  blob,
    target_id     blob,
    app_id        blob,
    level_id      blob,
    group_id      blob,
    purpose       text,
    policy_id     blob,
    policy_number integer not null,
    steps         text not null,
    autoprovision integer not null,
    step          integer not null,
    source_id     blob,
    ends_at       integer,
    created_at    integer not null,
    updated_at    integer not null,
    cancelled_by  blob,
    primary key (company_id, request_id)
) strict, without rowid;
create index requests_by_requester on requests (company_id, requester_id, request_id) where requester_id is not null;
create index requests_by_target on requests (company_id, target_id, request_id) where target_id is not null;
create index requests_by_source on requests (company_id, source_id) where source_id is not null;
create index requests_pending on requests (company_id, target_id, app_id) where status in ('open', 'approved');

create table tasks (
    company_id  blob not null,
    task_id     blob not null,
    request_id  blob not null,
    kind        text not null,
    step        integer not null,
    status      text not null,
    created_at  integer not null,
    updated_at  integer not null,
    due_at      integer,
    escalations integer not null,
    executed_by blob,
    comment     text,
    primary key (company_id, task_id)
) strict, without rowid;
create index tasks_of_request on tasks (company_id, request_id, task_id);
create index tasks_due on tasks (company_id, due_at) where status = 'open' and due_at is not null;

-- In whose hands a task is; via a delegation, or the nil id for one's own.
create table task_people (
    company_id blob not null,
    task_id    blob not null,
    user_id    blob not null,
    via_id     blob not null,
    primary key (company_id, task_id, user_id, via_id)
) strict, without rowid;
create index task_people_by_user on task_people (company_id, user_id, task_id);

create table delegations (
    company_id    blob not null,
    delegation_id blob not null,
    from_id       blob not null,
    to_id         blob not null,
    starts_at     integer,
    ends_at       integer,
    reason        text,
    created_at    integer not null,
    ended_at      integer,
    primary key (company_id, delegation_id)
) strict, without rowid;
create index delegations_from on delegations (company_id, from_id, delegation_id);

create table offboardings (
    company_id     blob not null,
    offboarding_id blob not null,
    user_id        blob not null,
    status         text not null,
    started_by     blob,
    created_at     integer not null,
    updated_at     integer not null,
    primary key (company_id, offboarding_id)
) strict, without rowid;
create unique index offboardings_open on offboardings (company_id, user_id) where status = 'open';

analyze sqlite_schema;
insert into sqlite_stat1 (tbl, idx, stat) values
    ('policies',        'policies',               '400 200 1'),
    ('policies',        'policies_by_id',         '400 10'),
    ('policies',        'policies_of_kind',       '400 200 40 1'),
    ('policies',        'policies_default',       '10 5 1'),
    ('policy_versions', 'policy_versions',        '2000 1000 5 1'),
    ('policy_choices',  'policy_choices',         '2000 1000 4 2 1'),
    ('policy_choices',  'policy_choices_by_policy', '2000 1000 10'),
    ('requests',        'requests',               '1000000 500000 1'),
    ('requests',        'requests_by_requester',  '1000000 500000 100 1'),
    ('requests',        'requests_by_target',     '1000000 500000 20 1'),
    ('requests',        'requests_by_source',     '500000 250000 100'),
    ('requests',        'requests_pending',       '20000 10000 5 1'),
    ('tasks',           'tasks',                  '2000000 1000000 1'),
    ('tasks',           'tasks_of_request',       '2000000 1000000 3 1'),
    ('tasks',           'tasks_due',              '20000 10000 2'),
    ('task_people',     'task_people',            '4000000 2000000 2 1 1'),
    ('task_people',     'task_people_by_user',    '4000000 2000000 400 1'),
    ('delegations',     'delegations',            '2000 1000 1'),
    ('delegations',     'delegations_from',       '2000 1000 4 1'),
    ('offboardings',    'offboardings',           '2000 1000 1'),
    ('offboardings',    'offboardings_open',      '200 100 1');
analyze sqlite_schema;
