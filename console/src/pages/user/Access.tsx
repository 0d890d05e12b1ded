/** What a person may do and use, and which group gives it. */
import { Link } from '@tanstack/react-router';
import { AppWindow, BadgeCheck } from 'lucide-react';
import { type Schemas, useGet } from '../../api/queries';
import { Who } from '../../ui/names';
import { Badge, Bones, Card, Empty, Wrong } from '../../ui/parts';
import { Day } from '../../ui/time';
import { scopeWords } from '../group/Gives';

export function Access({ user }: { user: Schemas['User'] }) {
  const found = useGet('/v1/companies/{company}/users/{user}/permissions', { path: { user: user.id } });
  const roles = useGet('/v1/companies/{company}/roles');
  const apps = useGet('/v1/companies/{company}/users/{user}/accesses', { path: { user: user.id }, query: { limit: 1000 } });
  const called = (id: string) => roles.data?.items.find((role) => role.id === id)?.name ?? id.slice(0, 8);
  return (
    <div className="cards">
      <Card title="Roles" flush>
        <Wrong error={found.error} />
        {found.isPending && <Bones rows={3} />}
        {found.data?.sources.length === 0 && (
          <Empty icon={BadgeCheck} title="No role">
            None of their groups gives a role.
          </Empty>
        )}
        {found.data?.sources.map((source) => (
          <div className="tr" key={source.role + source.group + JSON.stringify(source.scope)} style={{ gridTemplateColumns: 'minmax(0,1fr) auto', paddingBlock: 8 }}>
            <div>
              <Link className="link" to="/users/$user" params={{ user: user.id }} search={{ tab: 'why', role: source.role }} title="Why?">
                <strong>{called(source.role)}</strong>
              </Link>
              <div className="xs muted row wrap">
                through <Who id={source.group} /> ·{' '}
                <Link className="link" to="/users/$user" params={{ user: user.id }} search={{ tab: 'why', group: source.group }}>
                  why
                </Link>
              </div>
            </div>
            <Badge tone="info">{scopeWords(source.scope)}</Badge>
          </div>
        ))}
      </Card>
      <Card title="Permissions, all together">
        {found.data?.permissions.length === 0 && <p className="small muted">None.</p>}
        <ul className="col small">
          {found.data?.permissions.map((permit) => (
            <li key={permit.permission} className="row wrap">
              <code>{permit.permission}</code>
              {permit.actions.map((action) => (
                <Badge key={action}>{action}</Badge>
              ))}
            </li>
          ))}
        </ul>
      </Card>
      <Card title="Apps" flush>
        <Wrong error={apps.error} />
        {apps.isPending && <Bones rows={3} />}
        {apps.data?.items.length === 0 && (
          <Empty icon={AppWindow} title="No app">
            They hold no access to any app.
          </Empty>
        )}
        {apps.data?.items.map((one) => (
          <div className="tr" key={one.app.id} style={{ gridTemplateColumns: 'minmax(0,1fr) auto auto' }}>
            <Link className="link cut" to="/apps/$app" params={{ app: one.app.id }}>
              <strong>{one.app.name}</strong>
            </Link>
            <span className="row">
              {one.isOwner && <Badge tone="accent">owner</Badge>}
              {one.permissionLevel && <Badge>{one.permissionLevel.name}</Badge>}
            </span>
            <span className="xs faint">
              <Day at={one.since} />
            </span>
          </div>
        ))}
      </Card>
    </div>
  );
}
