/** What a group gives its members: roles and apps. */
import { Link } from '@tanstack/react-router';
import { AppWindow, BadgeCheck, Plus } from 'lucide-react';
import { useState } from 'react';
import { change } from '../../api/client';
import { type Schemas, useGet, useRights } from '../../api/queries';
import { Field } from '../../ui/ask';
import { Badge, Bones, Card, Choice, Empty, Icon, plural, Wrong } from '../../ui/parts';
import { Picker, type Picked } from '../../ui/picker';
import { ChangeDialog } from '../../ui/preview';
import { Day } from '../../ui/time';

/** A scope in a few words. */
export function scopeWords(scope: Schemas['Scope'] | undefined): string {
  const audiences = scope?.audiences ?? [];
  // No audience, or one without a condition, takes in everything.
  if (audiences.length === 0 || audiences.some((one) => one.predicates.length === 0)) return 'everywhere';
  const conditions = audiences.reduce((sum, one) => sum + one.predicates.length, 0);
  return `${audiences.length === 1 ? 'where' : 'where any of'} ${plural(conditions, 'condition')} hold${conditions === 1 ? 's' : ''}`;
}

type Group = Schemas['Group'];
const path = (group: Group) => ({ group: group.id });
const roles = (group: Group, body: object) => change('post', '/v1/companies/{company}/groups/{group}/roles', { path: path(group), body: body as never });
const app = (method: 'put' | 'delete', group: Group, id: string, body?: object) => change(method, '/v1/companies/{company}/groups/{group}/apps/{app}', { path: { ...path(group), app: id }, body: body as never });

export function Gives({ group }: { group: Group }) {
  const { manages } = useRights();
  const edits = manages && group.state === 'live';
  const given = useGet('/v1/companies/{company}/groups/{group}/roles', { path: path(group) });
  const apps = useGet('/v1/companies/{company}/groups/{group}/apps', { path: path(group), query: { limit: 1000 } });
  const [asks, setAsks] = useState<'role' | 'app' | { role: Schemas['GroupRole'] } | { app: Schemas['GroupApp'] }>();
  const close = () => setAsks(undefined);
  return (
    <div className="cards">
      <Card title="Roles" flush aside={edits && <button type="button" className="btn small" onClick={() => setAsks('role')}><Icon of={Plus} /> Give a role</button>}>
        <Wrong error={given.error} />
        {given.isPending && <Bones rows={3} />}
        {given.data?.items.length === 0 && (
          <Empty icon={BadgeCheck} title="It gives no role">
            Whoever is in a group has the roles it gives.
          </Empty>
        )}
        {given.data?.items.map((one) => (
          <div className="tr" key={one.role.id + JSON.stringify(one.scope)} style={{ gridTemplateColumns: 'minmax(0,1fr) auto auto', paddingBlock: 8 }}>
            <div>
              <Link className="link" to="/roles">
                <strong>{one.role.name}</strong>
              </Link>
              <div className="muted xs cut">{one.role.description || one.role.permissions.map((permit) => `${permit.permission} ${permit.actions.join('/')}`).join(', ')}</div>
            </div>
            <Badge tone="info">{scopeWords(one.scope)}</Badge>
            {edits ? <button type="button" className="btn quiet small" onClick={() => setAsks({ role: one })}>Take…</button> : <span />}
          </div>
        ))}
      </Card>
      <Card title="Apps" flush aside={edits && <button type="button" className="btn small" onClick={() => setAsks('app')}><Icon of={Plus} /> Add an app</button>}>
        <Wrong error={apps.error} />
        {apps.isPending && <Bones rows={3} />}
        {apps.data?.items.length === 0 && (
          <Empty icon={AppWindow} title="It holds no app">
            Members are given a group’s default apps as they join, and asked to give them back as they leave.
          </Empty>
        )}
        {apps.data?.items.map((one) => (
          <div className="tr" key={one.app.id} style={{ gridTemplateColumns: 'minmax(0,1fr) auto auto auto' }}>
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
            {edits ? <button type="button" className="btn quiet small" onClick={() => setAsks({ app: one })}>Take…</button> : <span />}
          </div>
        ))}
      </Card>
      {asks === 'role' && <GiveRole group={group} onClose={close} />}
      {asks === 'app' && <AddApp group={group} onClose={close} />}
      {asks && typeof asks === 'object' && 'role' in asks && (
        <ChangeDialog title={`Take ${asks.role.role.name} from ${group.name}?`} verb="Take it" danger done="Taken" change={roles(group, { remove: [{ role: asks.role.role.id, scope: asks.role.scope }] })} undo={() => roles(group, { add: [{ role: asks.role.role.id, scope: asks.role.scope }] })} onClose={close}>
          <p className="small muted">Its members have the role no more, unless another of their groups gives it.</p>
        </ChangeDialog>
      )}
      {asks && typeof asks === 'object' && 'app' in asks && (
        <ChangeDialog title={`Take ${asks.app.app.name} from ${group.name}?`} verb="Take it" danger done="Taken" change={app('delete', group, asks.app.app.id)} undo={() => app('put', group, asks.app.app.id, { visibility: asks.app.visibility, permissionLevel: asks.app.permissionLevel?.id })} onClose={close}>
          <p className="small muted">Who has access keeps it; whoever joins is no longer given it.</p>
        </ChangeDialog>
      )}
    </div>
  );
}

function GiveRole({ group, onClose }: { group: Group; onClose: () => void }) {
  const found = useGet('/v1/companies/{company}/roles');
  const [role, setRole] = useState('');
  const scope = { audiences: [] };
  return (
    <ChangeDialog title={`Give ${group.name} a role`} verb="Give it" done="Given" change={role ? roles(group, { add: [{ role, scope }] }) : undefined} undo={() => roles(group, { remove: [{ role, scope }] })} onClose={onClose} words={<p className="small">All members of this group, by nesting too, would have the role in the whole company.</p>}>
      <Field id="gr-role" label="Role" hint="A narrower scope can be given through the API.">
        <select id="gr-role" className="select" value={role} onChange={(event) => setRole(event.target.value)}>
          <option value="">Choose a role</option>
          {found.data?.items.map((one) => (
            <option key={one.id} value={one.id}>
              {one.name}
            </option>
          ))}
        </select>
      </Field>
    </ChangeDialog>
  );
}

function AddApp({ group, onClose }: { group: Group; onClose: () => void }) {
  const [picked, setPicked] = useState<Picked[]>([]);
  const [visibility, setVisibility] = useState<'default' | 'hidden'>('default');
  const id = picked[0]?.id;
  return (
    <ChangeDialog title={`Let ${group.name} hold an app`} verb="Add it" done="Added" change={id ? app('put', group, id, { visibility }) : undefined} undo={() => (id ? app('delete', group, id) : undefined)} onClose={onClose}>
      <Picker label="App" kinds={['app']} value={picked} onChange={setPicked} autoFocus />
      <div className="field">
        <span className="label">Its members</span>
        <Choice label="Its members" value={visibility} options={[['default', 'are given it'], ['hidden', 'do not see it']]} onChange={setVisibility} />
      </div>
    </ChangeDialog>
  );
}
