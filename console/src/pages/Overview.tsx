/** What changed lately, what ends soon, what waits for me, how the sources do, how the company grew. */
import { Link } from '@tanstack/react-router';
import { CalendarClock, CheckCheck, FileClock } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { change } from '../api/client';
import { type Schemas, useGet, useList, useMe, useRights } from '../api/queries';
import { Ask } from '../ui/ask';
import { EventLine } from '../ui/events';
import { Who } from '../ui/names';
import { Badge, Bones, Card, Empty, Head, Wrong } from '../ui/parts';
import { Time } from '../ui/time';
import { healthTones, hookTones } from '../ui/tones';
import { Decide, TaskAbout } from './Tasks';

const Growth = lazy(() => import('./Growth').then((page) => ({ default: page.Growth })));

export function Overview() {
  const me = useMe();
  const { admin } = useRights();
  return (
    <>
      <Head title={me?.user ? `Good ${partOfDay()}, ${me.user.givenName ?? me.user.name.split(' ')[0]}` : 'Overview'} sub={me?.company?.name} />
      <div className="stack">
        <Figures />
        <div className="cards two">
          <div className="stack">
            {me?.user && <Waiting user={me.user.id} />}
            <Ending />
            {admin && <Sources />}
          </div>
          {admin && <Lately />}
        </div>
        {me && me.role !== 'guest' && (
          <Card title="Growth">
            <Suspense fallback={<div style={{ height: 240 }} />}>
              <Growth />
            </Suspense>
          </Card>
        )}
      </div>
    </>
  );
}

function partOfDay() {
  const hour = new Date().getHours();
  return hour < 12 ? 'morning' : hour < 18 ? 'afternoon' : 'evening';
}

function Figures() {
  const groups = useGet('/v1/companies/{company}/groups', { query: { limit: 1, total: true } });
  const users = useGet('/v1/companies/{company}/users', { query: { limit: 1, total: true } });
  const apps = useGet('/v1/companies/{company}/apps', { query: { limit: 1, total: true } });
  const figure = (name: string, to: string, total: number | null | undefined) => (
    <Link to={to} className="card figure-card">
      <span className="muted small">{name}</span>
      <span className="big num">{total?.toLocaleString() ?? '–'}</span>
    </Link>
  );
  return (
    <div className="figures">
      {figure('Groups', '/groups', groups.data?.total)}
      {figure('Users', '/users', users.data?.total)}
      {figure('Apps', '/apps', apps.data?.total)}
    </div>
  );
}

function Waiting({ user }: { user: string }) {
  const me = useMe();
  const [asks, setAsks] = useState<{ task: Schemas['Task']; how: 'approve' | 'decline' }>();
  const found = useGet('/v1/companies/{company}/users/{user}/tasks', { path: { user }, query: { status: 'open', limit: 6 } as never });
  return (
    <Card title="Waiting for me" aside={<Link className="link small" to="/tasks">All tasks</Link>}>
      <Wrong error={found.error} />
      {found.isPending && <Bones rows={2} />}
      {found.data?.items.length === 0 && <Empty icon={CheckCheck} title="Nothing waits for you" />}
      <ul className="timeline">
        {found.data?.items.map((task) => (
          <li key={task.id} style={{ gridTemplateColumns: 'minmax(0,1fr) auto' }}>
            <span>
              <TaskAbout task={task} />
              {task.dueAt && <span className="xs faint"> · due <Time at={task.dueAt} /></span>}
            </span>
            {me?.access === 'write' && (
              <span className="row">
                <button type="button" className="btn small" onClick={() => setAsks({ task, how: 'approve' })}>
                  {task.type === 'review' ? 'Approve' : 'Done'}
                </button>
                <button type="button" className="btn small quiet" onClick={() => setAsks({ task, how: 'decline' })}>
                  Decline
                </button>
              </span>
            )}
          </li>
        ))}
      </ul>
      {asks && <Decide {...asks} onClose={() => setAsks(undefined)} />}
    </Card>
  );
}

function Ending() {
  const { edits } = useRights();
  const [asks, setAsks] = useState<Schemas['Ending']>();
  const found = useGet('/v1/companies/{company}/endings', { query: { days: 30, limit: 8 } });
  return (
    <Card title="Ends within 30 days">
      <Wrong error={found.error} />
      {found.isPending && <Bones rows={3} />}
      {found.data?.items.length === 0 && <Empty icon={CalendarClock} title="Nothing ends soon">Memberships that were given for a while show here before they end.</Empty>}
      <ul className="timeline">
        {found.data?.items.map((one) => (
          <li key={one.reason.id} style={{ gridTemplateColumns: 'minmax(0,1fr) auto' }}>
            <span>
              <Who id={one.user} /> in <Who id={one.group} />
            </span>
            <span className="row xs faint">
              <Time at={one.reason.endsAt} />
              {edits && ['direct', 'requested'].includes(one.reason.kind) && (
                <button type="button" className="btn quiet small" onClick={() => setAsks(one)}>
                  Renew…
                </button>
              )}
            </span>
          </li>
        ))}
      </ul>
      {asks && (
        <Ask title="Renew this membership?" verb="Renew" done="Renewed" change={change('post', '/v1/companies/{company}/groups/{group}/members/{user}/reasons/{reason}/renew', { path: { group: asks.group, user: asks.user, reason: asks.reason.id } })} onClose={() => setAsks(undefined)}>
          <p className="small">
            <Who id={asks.user} /> stays in <Who id={asks.group} /> for the group’s own time, from now on. Where the group has none, set another end among its members.
          </p>
        </Ask>
      )}
    </Card>
  );
}

function Lately() {
  const found = useList('/v1/companies/{company}/events', { query: { sort: '-revision' } }, true, 60);
  // Who came and went here is for the journal; this is for what changed.
  const events = found.items.filter((event) => !event.kind.startsWith('session.'));
  return (
    <Card title="Lately" aside={<Link className="link small" to="/journal">Journal</Link>}>
      <Wrong error={found.error} />
      {found.isPending && <Bones rows={4} />}
      {!found.isPending && events.length === 0 && <Empty icon={FileClock} title="Nothing happened yet" />}
      <ol className="timeline">
        {events.slice(0, 8).map((event) => (
          <EventLine key={event.revision} event={event} />
        ))}
      </ol>
    </Card>
  );
}

function Sources() {
  const connections = useList('/v1/companies/{company}/connections');
  const hooks = useList('/v1/companies/{company}/webhooks');
  const none = connections.items.length === 0 && hooks.items.length === 0;
  return (
    <Card title="Connections and webhooks">
      {(connections.isPending || hooks.isPending) && <Bones rows={2} />}
      {none && !connections.isPending && !hooks.isPending && (
        <p className="small muted">
          Nothing is connected. <Link className="link" to="/connections">Connect an identity provider</Link> or <Link className="link" to="/webhooks">send events somewhere</Link>.
        </p>
      )}
      <ul className="timeline">
        {connections.items.map((one) => (
          <li key={one.id} style={{ gridTemplateColumns: 'minmax(0,1fr) auto auto' }}>
            <Link className="link" to="/connections/$connection" params={{ connection: one.id }}>{one.name}</Link>
            <Badge tone={healthTones[one.health]}>{one.health}</Badge>
            <span className="xs faint"><Time at={one.lastRunAt} /></span>
          </li>
        ))}
        {hooks.items.map((one) => (
          <li key={one.id} style={{ gridTemplateColumns: 'minmax(0,1fr) auto auto' }}>
            <Link className="link cut" to="/webhooks/$webhook" params={{ webhook: one.id }}>{one.name ?? one.url}</Link>
            <Badge tone={one.failingSince ? 'bad' : hookTones[one.state]}>{one.failingSince ? 'failing' : one.state}</Badge>
            <span className="xs faint">webhook</span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
