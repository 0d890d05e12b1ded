/** Where people and groups come from, how each source does, and its brake. */
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { Cable, Pencil, Plus, ShieldAlert } from 'lucide-react';
import { useState } from 'react';
import { change } from '../api/client';
import { type Schemas, useGet, useList, useRights } from '../api/queries';
import { Ask, Field } from '../ui/ask';
import { Who } from '../ui/names';
import { Badge, Bones, Card, Choice, Empty, Head, Icon, Note, plural, Wrong } from '../ui/parts';
import { ChangeDialog } from '../ui/preview';
import { ConnectionForm } from './connection/Form';
import { Runs } from './connection/Runs';
import { Picker, type Picked } from '../ui/picker';
import { type Column, Table } from '../ui/table';
import { Day, Time } from '../ui/time';
import { healthTones } from '../ui/tones';

type Row = Schemas['Connection'];

const columns: Column<Row>[] = [
  {
    key: 'name',
    head: 'Name',
    width: 'minmax(160px, 3fr)',
    cell: (row) => (
      <Link className="cover cut" to="/connections/$connection" params={{ connection: row.id }} style={{ fontWeight: 550 }}>
        {row.name}
      </Link>
    ),
  },
  { key: 'kind', head: 'Kind', width: '90px', cell: (row) => <Badge>{row.kind}</Badge> },
  { key: 'health', head: 'Health', width: '90px', cell: (row) => <Badge tone={healthTones[row.health]}>{row.health}</Badge> },
  { key: 'way', head: 'Hand edits', width: '110px', wide: true, cell: (row) => <span className="muted">{row.oneWay ? 'refused' : 'allowed'}</span> },
  { key: 'last', head: 'Last heard of', width: '120px', wide: true, end: true, cell: (row) => <span className="muted"><Time at={row.lastRunAt} /></span> },
];

export function Connections() {
  const { manages } = useRights();
  const [asks, setAsks] = useState(false);
  const found = useList('/v1/companies/{company}/connections', { query: { total: true } });
  return (
    <>
      <Head
        title="Connections"
        sub="Identity sources that keep people and groups."
        actions={
          manages && (
            <button type="button" className="btn primary" onClick={() => setAsks(true)}>
              <Icon of={Plus} /> New connection
            </button>
          )
        }
      />
      <Wrong error={found.error} retry={() => void found.refetch()} />
      <Table
        label="Connections"
        columns={columns}
        rows={found.items as Row[]}
        id={(row) => row.id}
        total={found.total}
        loading={found.isPending}
        links
        empty={
          <Empty icon={Cable} title="Nothing is connected">
            By SCIM your identity provider pushes to <code>{location.origin}/scim/v2</code> with a key made for the connection; an LDAP directory is read from here.
          </Empty>
        }
      />
      {asks && <ConnectionForm onClose={() => setAsks(false)} />}
    </>
  );
}

type Link_ = Schemas['Link'];

const adoptions: Record<Row['adopt'], string> = { none: 'stay their own', users: 'people are taken over', groups: 'groups are taken over', all: 'people and groups are taken over' };

/** When a connection runs by itself, in words. */
function timetable(settings: Record<string, unknown>) {
  const every = (key: string, words: string, unit: string) => (typeof settings[key] === 'number' ? [`${words} every ${plural(settings[key], unit)}`] : []);
  return [...every('everyMinutes', 'it runs', 'minute'), ...every('fullEveryHours', 'in full', 'hour'), ...every('driftEveryHours', 'looks for drift', 'hour')].join(', ');
}

export function ConnectionPage() {
  const { connection: id } = useParams({ from: '/connections/$connection' });
  const { manages } = useRights();
  const navigate = useNavigate();
  const [kind, setKind] = useState<'group' | 'user'>('group');
  const [asks, setAsks] = useState<'edit' | 'release' | 'delete' | { loose: Link_ }>();
  const found = useGet('/v1/companies/{company}/connections/{connection}', { path: { connection: id } });
  const links = useList('/v1/companies/{company}/connections/{connection}/links', { path: { connection: id }, query: { type: kind } as never });
  const row = found.data;
  if (found.isError) return <Wrong error={found.error} retry={() => void found.refetch()} />;
  if (!row) return <div className="grid"><Bones /></div>;
  const settings = row.settings as Record<string, unknown>;
  const linked: Column<Link_>[] = [
    { key: 'who', head: kind === 'group' ? 'Group' : 'User', width: 'minmax(160px, 2fr)', cell: (link) => <Who id={link.id} face /> },
    { key: 'ext', head: 'Its own id', width: 'minmax(120px, 2fr)', wide: true, cell: (link) => <code className="cut xs">{link.externalId}</code> },
    { key: 'made', head: 'How', width: '100px', cell: (link) => <Badge>{link.made ? 'made by it' : 'adopted'}</Badge> },
    { key: 'since', head: 'Since', width: '110px', end: true, wide: true, cell: (link) => <span className="muted"><Day at={link.linkedAt} /></span> },
    { key: 'act', head: <span className="sr">Detach</span>, width: '84px', end: true, cell: (link) => manages && <button type="button" className="btn quiet small" onClick={() => setAsks({ loose: link })}>Detach…</button> },
  ];
  return (
    <>
      <Head
        crumbs={<Link to="/connections">Connections</Link>}
        title={row.name}
        sub={
          <span className="row wrap">
            <Badge>{row.kind}</Badge>
            <Badge tone={healthTones[row.health]}>{row.health}</Badge>
            <span>last heard of <Time at={row.lastRunAt} /></span>
          </span>
        }
        actions={
          manages && (
            <>
              <button type="button" className="btn" onClick={() => setAsks('edit')}>
                <Icon of={Pencil} /> Edit
              </button>
              <button type="button" className="btn" onClick={() => setAsks('release')}>
                <Icon of={ShieldAlert} /> Release the brake…
              </button>
              <button type="button" className="btn" onClick={() => setAsks('delete')}>
                Delete…
              </button>
            </>
          )
        }
      />
      <div className="stack">
        {row.lastError && <Note tone="bad">{row.lastError}</Note>}
        <Card title="How it works">
          <dl className="facts">
            <dt>Hand edits of its groups</dt>
            <dd>{row.oneWay ? 'refused: it alone keeps their members' : 'allowed beside it'}</dd>
            <dt>People and groups already here</dt>
            <dd>{adoptions[row.adopt]}</dd>
            {typeof settings.url === 'string' && (
              <>
                <dt>The source</dt>
                <dd><code>{settings.url}</code>{typeof settings.bindDn === 'string' && <>, read by <code>{settings.bindDn}</code></>}</dd>
              </>
            )}
            <dt>By itself</dt>
            <dd>{timetable(settings) || <span className="faint">{row.kind === 'ldap' ? 'it runs by hand only' : 'whenever it pushes'}</span>}</dd>
            <dt>Its brake</dt>
            <dd>
              {row.brakeMembers || row.brakePercent ? `${row.brakeMembers?.toLocaleString() ?? 'the company’s'} members, ${row.brakePercent ?? 'the company’s'} percent` : <span className="faint">the company’s</span>}
            </dd>
            <dt>Last went well</dt>
            <dd><Time at={row.lastOkAt} /></dd>
            <dt>Looked after by</dt>
            <dd>{row.owner ? <Who id={row.owner} face /> : <span className="faint">nobody</span>}</dd>
          </dl>
        </Card>
        <Runs connection={row} />
        <div className="tools" style={{ margin: 0 }}>
          <Choice label="What it knows" value={kind} options={[['group', 'Groups'], ['user', 'Users']]} onChange={setKind} />
        </div>
        <Wrong error={links.error} />
        <Table label={`What ${row.name} knows`} columns={linked} rows={links.items as Link_[]} id={(link) => link.id} more={links.hasNextPage} onMore={() => !links.isFetchingNextPage && void links.fetchNextPage()} loading={links.isPending} empty={<Empty icon={Cable} title="It knows nothing yet">What it sends shows here.</Empty>} />
      </div>
      {asks === 'edit' && <ConnectionForm connection={row} onClose={() => setAsks(undefined)} />}
      {asks && typeof asks === 'object' && (
        <ChangeDialog
          title={`Detach this ${kind} from ${row.name}?`}
          verb="Detach"
          danger
          done="Detached"
          change={kind === 'group' ? change('delete', '/v1/companies/{company}/connections/{connection}/groups/{group}', { path: { connection: id, group: asks.loose.id } }) : change('delete', '/v1/companies/{company}/connections/{connection}/users/{user}', { path: { connection: id, user: asks.loose.id } })}
          onClose={() => setAsks(undefined)}
        >
          <p className="small muted">
            The connection lets go of <Who id={asks.loose.id} />: what it gave there ends, and nothing else.
          </p>
        </ChangeDialog>
      )}
      {asks === 'release' && <Release connection={row} onClose={() => setAsks(undefined)} />}
      {asks === 'delete' && (
        <ChangeDialog title={`Delete ${row.name}?`} verb="Delete" danger done={`${row.name} is deleted`} change={change('delete', '/v1/companies/{company}/connections/{connection}', { path: { connection: id } })} onDone={() => void navigate({ to: '/connections' })} onClose={() => setAsks(undefined)}>
          <p className="small muted">Its keys are revoked and every membership that it alone gave ends, at once.</p>
        </ChangeDialog>
      )}
    </>
  );
}

function Release({ connection, onClose }: { connection: Row; onClose: () => void }) {
  const [group, setGroup] = useState<Picked[]>([]);
  const [removals, setRemovals] = useState('100');
  const keys = useList('/v1/companies/{company}/keys', {}, true, 1000);
  const its = keys.items.filter((key) => key.connection === connection.id && !key.revokedAt);
  const [key, setKey] = useState('');
  const chosen = key || its[0]?.id;
  const id = group[0]?.id;
  const ready = id && chosen && Number(removals) > 0;
  return (
    <Ask title="Release the brake" verb="Release" done="The brake is released" change={ready ? change('post', '/v1/companies/{company}/groups/{group}/release', { path: { group: id }, body: { key: chosen, removals: Number(removals) } }) : undefined} onClose={onClose}>
      <p className="small muted">The brake holds a whole list that would take unusually many members out of a group. Releasing lets this connection do so, once, for a while.</p>
      <Picker label="Group" kinds={['group']} value={group} onChange={setGroup} autoFocus />
      <Field id="rb-key" label="Key of the connection">
        <select id="rb-key" className="select" value={chosen ?? ''} onChange={(event) => setKey(event.target.value)}>
          {its.length === 0 && <option value="">It has no key</option>}
          {its.map((one) => (
            <option key={one.id} value={one.id}>
              {one.name ?? one.id}
            </option>
          ))}
        </select>
      </Field>
      <Field id="rb-n" label="Members that may go" hint="In all.">
        <input id="rb-n" className="input" type="number" min={1} max={100000} value={removals} onChange={(event) => setRemovals(event.target.value)} required />
      </Field>
    </Ask>
  );
}
