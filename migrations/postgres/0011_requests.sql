-- Policies, requests, tasks, delegations, offboardings.

create table policies (
    company_id    bytea not null,
    policy_id     bytea not null,
    name          text not null,
    name_key      text not null,
    description   text,
    kind          text not null,
    is_default    boolean not null,
    number        bigint not null,
    steps         text not null,
    autoprovision boolean not null,
    created_at    bigint not null,
    updated_at    bigint not null,
    archived_at   bigint,
    version       bigint not null,
    primary key (company_id, policy_id)
);
create unique index policies_by_id on policies (policy_id);
create index policies_of_kind on policies (company_id, kind, policy_id) where archived_at is null;
create unique index policies_default on policies (company_id, kind) where is_default and archived_at is null;

-- Versions of policies: written once, never changed.
create table policy_versions (
    company_id    bytea not null,
    policy_id     bytea not null,
    number        bigint not null,
    steps         text not null,
    autoprovision boolean not null,
    created_at    bigint not null,
    created_by    bytea,
    primary key (company_id, policy_id, number)
);

-- What an app, one of its levels, or a group has chosen; the nil level stands for the whole of it.
create table policy_choices (
    company_id bytea not null,
    of_id      bytea not null,
    level_id   bytea not null,
    kind       text not null,
    policy_id  bytea not null,
    primary key (company_id, of_id, level_id, kind)
);
create index policy_choices_by_policy on policy_choices (company_id, policy_id);

create table requests (
    company_id    bytea not null,
    request_id    bytea not null,
    kind          text not null,
    status        text not null,
    requester_id  bytea,
    target_id     bytea,
    app_id        bytea,
    level_id      bytea,
    group_id      bytea,
    purpose       text,
    policy_id     bytea,
    policy_number bigint not null,
    steps         text not null,
    autoprovision boolean not null,
    step          bigint not null,
    source_id     bytea,
    ends_at       bigint,
    created_at    bigint not null,
    updated_at    bigint not null,
    cancelled_by  bytea,
    primary key (company_id, request_id)
);
create index requests_by_requester on requests (company_id, requester_id, request_id) where requester_id is not null;
create index requests_by_target on requests (company_id, target_id, request_id) where target_id is not null;
create index requests_by_source on requests (company_id, source_id) where source_id is not null;
create index requests_pending on requests (company_id, target_id, app_id) where status in ('open', 'approved');

create table tasks (
    company_id  bytea not null,
    task_id     bytea not null,
    request_id  bytea not null,
    kind        text not null,
    step        bigint not null,
    status      text not null,
    created_at  bigint not null,
    updated_at  bigint not null,
    due_at      bigint,
    escalations bigint not null,
    executed_by bytea,
    comment     text,
    primary key (company_id, task_id)
);
create index tasks_of_request on tasks (company_id, request_id, task_id);
create index tasks_due on tasks (company_id, due_at) where status = 'open' and due_at is not null;

-- In whose hands a task is; via a delegation, or the nil id for one's own.
create table task_people (
    company_id bytea not null,
    task_id    bytea not null,
    user_id    bytea not null,
    via_id     bytea not null,
    primary key (company_id, task_id, user_id, via_id)
);
create index task_people_by_user on task_people (company_id, user_id, task_id);

create table delegations (
    company_id    bytea not null,
    delegation_id bytea not null,
    from_id       bytea not null,
    to_id         bytea not null,
    starts_at     bigint,
    ends_at       bigint,
    reason        text,
    created_at    bigint not null,
    ended_at      bigint,
    primary key (company_id, delegation_id)
);
create index delegations_from on delegations (company_id, from_id, delegation_id);

create table offboardings (
    company_id     bytea not null,
    offboarding_id bytea not null,
    user_id        bytea not null,
    status         text not null,
    started_by     bytea,
    created_at     bigint not null,
    updated_at     bigint not null,
    primary key (company_id, offboarding_id)
);
create unique index offboardings_open on offboardings (company_id, user_id) where status = 'open';
