/** What a group gives its members: roles and apps. */
import { Link } from '@tanstack/react-router';
import { AppWindow, BadgeCheck } from 'lucide-react';
import { type Schemas, useGet } from '../../api/queries';
import { Badge, Bones, Card, Empty, Wrong } from '../../ui/parts';
import { Day } from '../../ui/time';

/** A scope in a few words. */
export function scopeWords(scope: unknown): string {
  if (!scope || typeof scope !== 'object') return 'everywhere';
  const parts = Object.entries(scope as Record<string, unknown>).filter(([, value]) => value !== null && !(Array.isArray(value) && value.length === 0));
  if (parts.length === 0) return 'everywhere';
  return parts.map(([key, value]) => `${key}: ${Array.isArray(value) ? `${value.length}` : typeof value === 'object' ? JSON.stringify(value) : String(value)}`).join(', ');
}

export function Gives({ group }: { group: Schemas['Group'] }) {
  const roles = useGet('/v1/companies/{company}/groups/{group}/roles', { path: { group: group.id } });
  const apps = useGet('/v1/companies/{company}/groups/{group}/apps', { path: { group: group.id }, query: { limit: 1000 } });
  return (
    <div className="cards">
      <Card title="Roles" flush>
        <Wrong error={roles.error} />
        {roles.isPending && <Bones rows={3} />}
        {roles.data?.items.length === 0 && (
          <Empty icon={BadgeCheck} title="It gives no role">
            Whoever is in a group has the roles it gives.
          </Empty>
        )}
        {roles.data?.items.map((one) => (
          <div className="tr" key={one.role.id + JSON.stringify(one.scope)} style={{ gridTemplateColumns: 'minmax(0,1fr) auto', paddingBlock: 8 }}>
            <div>
              <Link className="link" to="/roles">
                <strong>{one.role.name}</strong>
              </Link>
              <div className="muted xs cut">{one.role.description || one.role.permissions.map((permit) => `${permit.permission} ${permit.actions.join('/')}`).join(', ')}</div>
            </div>
            <Badge tone="info">{scopeWords(one.scope)}</Badge>
          </div>
        ))}
      </Card>
      <Card title="Apps" flush>
        <Wrong error={apps.error} />
        {apps.isPending && <Bones rows={3} />}
        {apps.data?.items.length === 0 && (
          <Empty icon={AppWindow} title="It holds no app">
            Members are given a group’s default apps as they join, and asked to give them back as they leave.
          </Empty>
        )}
        {apps.data?.items.map((one) => (
          <div className="tr" key={one.app.id} style={{ gridTemplateColumns: 'minmax(0,1fr) auto auto' }}>
            <Link className="link cut" to="/apps/$app" params={{ app: one.app.id }}>
              <strong>{one.app.name}</strong>
            </Link>
            <span className="row">
              {one.permissionLevel && <Badge>{one.permissionLevel.name}</Badge>}
              <Badge tone={one.visibility === 'default' ? 'good' : 'plain'}>{one.visibility}</Badge>
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
