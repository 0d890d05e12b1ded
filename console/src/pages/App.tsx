/** One app: its levels, which groups hold it, who has access. */
import { Link, useParams } from '@tanstack/react-router';
import { Archive, ExternalLink, Pencil, UserPlus, UsersRound } from 'lucide-react';
import { Fragment, useState } from 'react';
import { change } from '../api/client';
import { learn, type Schemas, useGet, useList, useRights } from '../api/queries';
import { Ask, Field } from '../ui/ask';
import { Who } from '../ui/names';
import { Avatar, Badge, Bones, Card, Empty, Head, Icon, Wrong } from '../ui/parts';
import { Picker, type Picked } from '../ui/picker';
import { ChangeDialog } from '../ui/preview';
import { type Column, Table } from '../ui/table';
import { Day } from '../ui/time';
import { ChosenPolicies } from './app/Chosen';
import { EditApp, EditFields, EditLevels } from './app/EditApp';
import { appTones } from './Apps';

type Held = Schemas['AppAccess'];

export function AppPage() {
  const { app: id } = useParams({ from: '/apps/$app' });
  const { manages } = useRights();
  const [asks, setAsks] = useState<'give' | 'edit' | 'levels' | 'fields' | 'archive' | Held>();
  const found = useGet('/v1/companies/{company}/apps/{app}', { path: { app: id } });
  const groups = useGet('/v1/companies/{company}/apps/{app}/groups', { path: { app: id } });
  const held = useList('/v1/companies/{company}/apps/{app}/accesses', { path: { app: id }, query: { total: true } });
  const app = found.data;
  if (found.isError) return <Wrong error={found.error} retry={() => void found.refetch()} />;
  if (!app) return <div className="grid"><Bones /></div>;
  const close = () => setAsks(undefined);
  const editing = (what: 'levels' | 'fields', words: string) =>
    manages && (
      <button type="button" className="btn small" onClick={() => setAsks(what)}>
        {words}
      </button>
    );
  const columns: Column<Held>[] = [
    {
      key: 'who',
      head: 'Who',
      width: 'minmax(150px, 3fr)',
      cell: (row) => {
        learn(row.user.id, row.user.name, 'user');
        return (
          <div className="row">
            <Avatar name={row.user.name} />
            <Link className="link cut" to="/users/$user" params={{ user: row.user.id }}>
              {row.user.name}
            </Link>
            {row.isOwner && <Badge tone="accent">owner</Badge>}
          </div>
        );
      },
    },
    { key: 'level', head: 'Level', width: 'minmax(80px, 1fr)', cell: (row) => row.permissionLevel && <Badge tone={row.permissionLevel.isPrivileged ? 'warn' : 'plain'}>{row.permissionLevel.name}</Badge> },
    { key: 'since', head: 'Since', width: '110px', wide: true, end: true, cell: (row) => <span className="muted"><Day at={row.since} /></span> },
    { key: 'act', head: <span className="sr">End</span>, width: '60px', end: true, cell: (row) => manages && <button type="button" className="btn quiet small" onClick={() => setAsks(row)}>End…</button> },
  ];
  return (
    <>
      <Head
        crumbs={<Link to="/apps">Apps</Link>}
        icon={<Avatar name={app.name} group big />}
        title={app.name}
        sub={
          <span className="row wrap">
            <Badge tone={appTones[app.status]}>{app.status}</Badge>
            {app.tagLine}
            {app.url && (
              <a className="link row" href={app.url} target="_blank" rel="noreferrer noopener">
                <Icon of={ExternalLink} /> {app.url.replace(/^https?:\/\//, '')}
              </a>
            )}
          </span>
        }
        actions={
          manages && (
            <>
              <button type="button" className="btn primary" onClick={() => setAsks('give')}>
                <Icon of={UserPlus} /> Give access
              </button>
              <button type="button" className="btn" onClick={() => setAsks('edit')}>
                <Icon of={Pencil} /> Edit
              </button>
              {app.status !== 'Archived' && (
                <button type="button" className="btn" onClick={() => setAsks('archive')}>
                  <Icon of={Archive} /> Archive…
                </button>
              )}
            </>
          )
        }
      />
      <div className="stack">
        <div className="cards">
          <Card title="Levels of access" aside={editing('levels', 'Edit levels')}>
            {app.permissionLevels.length === 0 && <p className="small muted">It has one level only.</p>}
            <ul className="col small">
              {app.permissionLevels.map((level) => (
                <li key={level.id} className="row wrap">
                  <strong>{level.name}</strong>
                  {level.isDefault && <Badge tone="good">default</Badge>}
                  {level.isPrivileged && <Badge tone="warn">privileged</Badge>}
                  <span className="muted">{level.description}</span>
                </li>
              ))}
            </ul>
          </Card>
          <Card title="Groups that hold it">
            {groups.data?.items.length === 0 && <p className="small muted">No group holds it.</p>}
            <ul className="col small">
              {groups.data?.items.map((one) => (
                <li key={one.group} className="row spread">
                  <Who id={one.group} face />
                  <Badge tone={one.visibility === 'default' ? 'good' : 'plain'}>{one.visibility}</Badge>
                </li>
              ))}
            </ul>
          </Card>
        </div>
        <div className="cards">
          <Card title="About it" aside={editing('fields', 'Edit fields')}>
            {app.description && <p className="small muted" style={{ marginBottom: 10 }}>{app.description}</p>}
            <dl className="facts">
              <dt>Looked after by</dt>
              <dd>{app.owner ? <Who id={app.owner} face /> : <span className="faint">nobody</span>}</dd>
              {app.category && (
                <>
                  <dt>Category</dt>
                  <dd>{app.category}</dd>
                </>
              )}
              {app.serverLocations.length > 0 && (
                <>
                  <dt>Servers</dt>
                  <dd>{app.serverLocations.join(', ')}</dd>
                </>
              )}
              {app.certifications.length > 0 && (
                <>
                  <dt>Certified for</dt>
                  <dd>{app.certifications.join(', ')}</dd>
                </>
              )}
              {app.customFields.map((field) => (
                <Fragment key={field.id}>
                  <dt>{field.name}</dt>
                  <dd><FieldValue field={field} /></dd>
                </Fragment>
              ))}
            </dl>
          </Card>
          <ChosenPolicies app={app} />
        </div>
        <Wrong error={held.error} />
        <Table
          label={`Who has access to ${app.name}`}
          columns={columns}
          rows={held.items as Held[]}
          id={(row) => row.user.id}
          total={held.total}
          more={held.hasNextPage}
          onMore={() => !held.isFetchingNextPage && void held.fetchNextPage()}
          loading={held.isPending}
          empty={<Empty icon={UsersRound} title="Nobody has access">Give it by hand, or let a group hold it by default.</Empty>}
        />
      </div>
      {asks === 'give' && <Give app={app} onClose={() => setAsks(undefined)} />}
      {asks === 'edit' && <EditApp app={app} onClose={close} />}
      {asks === 'levels' && <EditLevels app={app} onClose={close} />}
      {asks === 'fields' && <EditFields app={app} onClose={close} />}
      {asks === 'archive' && (
        <ChangeDialog title={`Archive ${app.name}?`} verb="Archive" danger done={`${app.name} is archived`} change={change('delete', '/v1/companies/{company}/apps/{app}', { path: { app: id } })} onClose={close}>
          <p className="small muted">Every access to it ends and groups give it no more, at once. Its record stays, with the status Archived.</p>
        </ChangeDialog>
      )}
      {asks && typeof asks === 'object' && (
        <Ask title={`End the access of ${asks.user.name}?`} verb="End it" danger done="Ended" change={change('delete', '/v1/companies/{company}/apps/{app}/accesses/{user}', { path: { app: id, user: asks.user.id } })} onClose={() => setAsks(undefined)}>
          <p className="small muted">{asks.user.name} has {app.name} no more, from this moment.</p>
        </Ask>
      )}
    </>
  );
}

/** What a custom field holds, for people. */
function FieldValue({ field }: { field: Schemas['CustomField'] }) {
  if (field.value === null || field.value === undefined || field.value === '') return <span className="faint">none</span>;
  if (field.type === 'user') return <Who id={field.value} face />;
  if (field.type === 'select') return <>{field.options.find((one) => one.id === field.value)?.name ?? field.value}</>;
  if (field.type === 'boolean') return <>{field.value === 'true' ? 'yes' : 'no'}</>;
  return <>{field.value}</>;
}

function Give({ app, onClose }: { app: Schemas['App']; onClose: () => void }) {
  const [who, setWho] = useState<Picked[]>([]);
  const [level, setLevel] = useState(app.permissionLevels.find((one) => one.isDefault)?.id ?? '');
  const user = who[0]?.id;
  return (
    <Ask title={`Give access to ${app.name}`} verb="Give" done="Given" change={user ? change('put', '/v1/companies/{company}/apps/{app}/accesses/{user}', { path: { app: app.id, user }, body: (level ? { permissionLevel: level } : {}) as never }) : undefined} onClose={onClose}>
      <Picker label="Person" kinds={['user']} value={who} onChange={setWho} autoFocus />
      {app.permissionLevels.length > 0 && (
        <Field id="ga-level" label="Level">
          <select id="ga-level" className="select" value={level} onChange={(event) => setLevel(event.target.value)}>
            {app.permissionLevels.map((one) => (
              <option key={one.id} value={one.id}>
                {one.name}
              </option>
            ))}
          </select>
        </Field>
      )}
    </Ask>
  );
}
