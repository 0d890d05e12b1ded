/** One person: what they are in, what that gives them, why, and what became of it. */
import { Link, useParams, useSearch } from '@tanstack/react-router';
import { CircleHelp, DoorOpen, FileClock, Pencil, Power, UsersRound } from 'lucide-react';
import { useState } from 'react';
import { change } from '../api/client';
import { learn, type Schemas, useGet, useList, useRights } from '../api/queries';
import { EventLine } from '../ui/events';
import { Who } from '../ui/names';
import { Avatar, Badge, Bones, Card, Empty, Head, Icon, showTab, Wrong } from '../ui/parts';
import { ChangeDialog } from '../ui/preview';
import { type Column, Table } from '../ui/table';
import { Day } from '../ui/time';
import { Kind } from './Groups';
import { Access } from './user/Access';
import { Compare } from './user/Compare';
import { Delegations } from './user/Delegations';
import { EditUser } from './user/EditUser';
import { Why } from './user/Why';
import { statusTones } from './Users';

const tabs = [
  ['groups', 'Groups'],
  ['access', 'Roles and apps'],
  ['why', 'Why'],
  ['profile', 'Profile'],
  ['history', 'History'],
] as const;

export function UserPage() {
  const { user: id } = useParams({ from: '/users/$user' });
  const search = useSearch({ from: '/users/$user' });
  const { manages, admin, me } = useRights();
  const [asks, setAsks] = useState<'edit' | 'offboard' | 'stay' | 'deactivate' | 'reactivate'>();
  const found = useGet('/v1/companies/{company}/users/{user}', { path: { user: id } });
  const user = found.data;
  const tab = search.tab ?? 'groups';
  if (found.isError) return <Wrong error={found.error} retry={() => void found.refetch()} />;
  if (!user) return <div className="grid"><Bones /></div>;
  learn(user.id, user.name, 'user');
  const own = me?.user?.id === user.id;
  const act = (name: 'deactivate' | 'reactivate') => change('post', `/v1/companies/{company}/users/{user}/${name}`, { path: { user: id } });
  return (
    <>
      <Head
        crumbs={<Link to="/users">Users</Link>}
        icon={<Avatar name={user.name} big />}
        title={user.name}
        sub={
          <span className="row wrap">
            <Badge tone={statusTones[user.status]}>{user.status}</Badge>
            <span>{user.email}</span>
            <span className="faint">{user.role}</span>
            {typeof (user.attributes as Record<string, unknown>).title === 'string' && <span className="faint">{String((user.attributes as Record<string, unknown>).title)}</span>}
          </span>
        }
        actions={
          manages && (
            <>
              <button type="button" className="btn" onClick={() => setAsks('edit')}>
                <Icon of={Pencil} /> Edit
              </button>
              {own ? null : user.status === 'inactive' ? (
                <button type="button" className="btn" onClick={() => setAsks('reactivate')}>
                  <Icon of={Power} /> Reactivate…
                </button>
              ) : (
                <>
                  <button type="button" className="btn" onClick={() => setAsks('deactivate')}>
                    <Icon of={Power} /> Deactivate…
                  </button>
                  <button type="button" className="btn" onClick={() => setAsks(user.status === 'offboarding' ? 'stay' : 'offboard')}>
                    <Icon of={DoorOpen} /> {user.status === 'offboarding' ? 'Call the offboarding off…' : 'Offboard…'}
                  </button>
                </>
              )}
            </>
          )
        }
      />
      <nav className="tabs" aria-label="Parts of this user" ref={(nav) => showTab(nav)}>
        {tabs
          .filter(([key]) => key !== 'history' || admin)
          .map(([key, name]) => (
            <Link key={key} className="tab" activeOptions={{ exact: true, includeSearch: true, explicitUndefined: true }} to="/users/$user" params={{ user: id }} search={{ tab: key === 'groups' ? undefined : key }} aria-current={tab === key ? 'page' : undefined}>
              {name}
            </Link>
          ))}
      </nav>
      {tab === 'groups' && <Groups user={user} />}
      {tab === 'access' && <Access user={user} />}
      {tab === 'why' && <Why user={user} />}
      {tab === 'profile' && <Profile user={user} />}
      {tab === 'history' && (
        <div className="cards two">
          <Past user={user} />
          <Compare user={user} />
        </div>
      )}
      {asks === 'edit' && <EditUser user={user} onClose={() => setAsks(undefined)} />}
      {asks === 'offboard' && (
        <ChangeDialog title={`Offboard ${user.name}?`} verb="Start offboarding" danger done={`${user.name} is leaving`} change={change('post', '/v1/companies/{company}/users/{user}/offboarding', { path: { user: id } })} onClose={() => setAsks(undefined)}>
          <p className="small muted">They stay a member while their access is taken back, task by task; then they are deactivated and their keys and sessions end.</p>
        </ChangeDialog>
      )}
      {asks === 'stay' && (
        <ChangeDialog title={`Is ${user.name} to stay?`} verb="Call it off" done={`${user.name} stays`} change={change('delete', '/v1/companies/{company}/users/{user}/offboarding', { path: { user: id } })} onClose={() => setAsks(undefined)}>
          <p className="small muted">What was not taken back yet stays theirs. What was is to be asked for again.</p>
        </ChangeDialog>
      )}
      {asks === 'deactivate' && (
        <ChangeDialog title={`Deactivate ${user.name}?`} verb="Deactivate" danger done={`${user.name} is inactive`} change={act('deactivate')} undo={() => act('reactivate')} onClose={() => setAsks(undefined)}>
          <p className="small muted">They leave every group at once. Their reasons stay and count for nothing, so reactivating brings all of it back.</p>
        </ChangeDialog>
      )}
      {asks === 'reactivate' && <ChangeDialog title={`Reactivate ${user.name}?`} verb="Reactivate" done={`${user.name} is active`} change={act('reactivate')} undo={() => act('deactivate')} onClose={() => setAsks(undefined)} />}
    </>
  );
}

type Joined = Schemas['JoinedGroup'];

function Groups({ user }: { user: Schemas['User'] }) {
  const found = useList('/v1/companies/{company}/users/{user}/groups', { path: { user: user.id }, query: { effective: true, total: true } });
  const rows = found.items as Joined[];
  for (const row of rows) learn(row.id, row.name, 'group');
  const columns: Column<Joined>[] = [
    {
      key: 'name',
      head: 'Group',
      width: 'minmax(160px, 3fr)',
      cell: (row) => (
        <div className="row">
          <Avatar name={row.name} group icon={row.icon} />
          <Link className="link cut" to="/groups/$group" params={{ group: row.id }} style={{ fontWeight: 550 }}>
            {row.name}
          </Link>
        </div>
      ),
    },
    { key: 'kind', head: 'Members come', width: '116px', wide: true, cell: (row) => <Kind group={row} /> },
    { key: 'direct', head: 'How', width: '100px', cell: (row) => <Badge tone={row.direct ? 'accent' : 'plain'}>{row.direct ? 'Direct' : 'By nesting'}</Badge> },
    {
      key: 'why',
      head: <span className="sr">Explain</span>,
      width: '64px',
      end: true,
      cell: (row) => (
        <Link className="btn quiet small" to="/users/$user" params={{ user: user.id }} search={{ tab: 'why', group: row.id }}>
          <Icon of={CircleHelp} /> Why
        </Link>
      ),
    },
  ];
  return (
    <>
      <Wrong error={found.error} retry={() => void found.refetch()} />
      <Table
        label={`Groups of ${user.name}`}
        tall
        columns={columns}
        rows={rows}
        id={(row) => row.id}
        total={found.total}
        more={found.hasNextPage}
        onMore={() => !found.isFetchingNextPage && void found.fetchNextPage()}
        loading={found.isPending}
        height="min(calc(100dvh - 300px), 1200px)"
        empty={
          <Empty icon={UsersRound} title="In no group">
            {user.status === 'inactive' ? 'They are inactive, so what they were in counts for nothing. Reactivating brings it back.' : 'Add them on a group’s page, or write a rule that is true of them.'}
          </Empty>
        }
      />
    </>
  );
}

function Profile({ user }: { user: Schemas['User'] }) {
  const attributes = Object.entries(user.attributes as Record<string, unknown>);
  return (
    <div className="cards">
      <Card title="Profile">
        <dl className="facts">
          <dt>Name</dt>
          <dd>{user.name}</dd>
          <dt>E-mail</dt>
          <dd>{user.email}</dd>
          <dt>Sign-in name</dt>
          <dd>{user.userName}</dd>
          <dt>Workspace role</dt>
          <dd>{user.role}</dd>
          <dt>Manager</dt>
          <dd>{user.manager ? <Who id={user.manager} face /> : <span className="faint">nobody</span>}</dd>
          <dt>Id elsewhere</dt>
          <dd>{user.externalId ?? <span className="faint">none</span>}</dd>
          <dt>Id</dt>
          <dd><code>{user.id}</code></dd>
          <dt>Made</dt>
          <dd><Day at={user.createdAt} /></dd>
        </dl>
      </Card>
      <Delegations user={user} />
      <Card title="Attributes">
        {attributes.length === 0 && <p className="small muted">None. Rules read attributes, such as <code>department</code>.</p>}
        <dl className="facts">
          {attributes.map(([key, value]) => [
            <dt key={key}><code>{key}</code></dt>,
            <dd key={`${key}-value`}>{typeof value === 'object' ? <code>{JSON.stringify(value)}</code> : String(value)}</dd>,
          ])}
        </dl>
      </Card>
    </div>
  );
}

function Past({ user }: { user: Schemas['User'] }) {
  const events = useList('/v1/companies/{company}/events', { query: { subject: user.id, sort: '-revision' } }, true, 50, 200);
  return (
    <Card title="What became of this record" aside={<span className="small faint">newest first</span>}>
      <Wrong error={events.error} />
      {events.isPending && <Bones rows={4} />}
      {!events.isPending && events.items.length === 0 && (
        <Empty icon={FileClock} title="Nothing is recorded of this record">
          Imports are one line for the whole company; see the journal.
        </Empty>
      )}
      <ol className="timeline">
        {events.items.map((event) => (
          <EventLine key={event.revision} event={event} />
        ))}
      </ol>
      {events.hasNextPage && (
        <button type="button" className="btn small" onClick={() => void events.fetchNextPage()}>
          Earlier
        </button>
      )}
    </Card>
  );
}
