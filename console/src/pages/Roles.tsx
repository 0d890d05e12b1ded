/** Roles: what a person may do, given by the groups they are in. */
import { BadgeCheck, Plus } from 'lucide-react';
import { useState } from 'react';
import { change } from '../api/client';
import { type Schemas, useGet, useRights } from '../api/queries';
import { Ask, Field } from '../ui/ask';
import { Badge, Bones, Card, Empty, Head, Icon, Wrong } from '../ui/parts';
import { ChangeDialog } from '../ui/preview';

type Role = Schemas['AccessRole'];

export function Roles() {
  const { manages } = useRights();
  const [asks, setAsks] = useState<'new' | { edit: Role } | { delete: Role }>();
  const found = useGet('/v1/companies/{company}/roles');
  return (
    <>
      <Head
        title="Roles"
        sub="What a person may do. Groups give roles to their members."
        actions={
          manages && (
            <button type="button" className="btn primary" onClick={() => setAsks('new')}>
              <Icon of={Plus} /> New role
            </button>
          )
        }
      />
      <Wrong error={found.error} retry={() => void found.refetch()} />
      {found.isPending && <div className="grid"><Bones rows={4} /></div>}
      {found.data?.items.length === 0 && (
        <div className="grid">
          <Empty icon={BadgeCheck} title="No roles yet">A role names permissions and actions. Give it to a group, and its members have it.</Empty>
        </div>
      )}
      <div className="cards">
        {found.data?.items.map((role) => (
          <Card
            key={role.id}
            title={role.name}
            aside={
              role.company === null || role.company === undefined ? (
                <Badge tone="info">platform</Badge>
              ) : (
                manages && (
                  <span className="row">
                    <button type="button" className="btn quiet small" onClick={() => setAsks({ edit: role })}>
                      Edit
                    </button>
                    <button type="button" className="btn quiet small" onClick={() => setAsks({ delete: role })}>
                      Delete…
                    </button>
                  </span>
                )
              )
            }
          >
            {role.description && <p className="small muted" style={{ marginBottom: 8 }}>{role.description}</p>}
            <ul className="col small">
              {role.permissions.map((permit) => (
                <li key={permit.permission} className="row wrap">
                  <code>{permit.permission}</code>
                  {permit.actions.map((action) => (
                    <Badge key={action}>{action}</Badge>
                  ))}
                </li>
              ))}
            </ul>
          </Card>
        ))}
      </div>
      {asks === 'new' && <RoleForm onClose={() => setAsks(undefined)} />}
      {asks && typeof asks === 'object' && 'edit' in asks && <RoleForm role={asks.edit} onClose={() => setAsks(undefined)} />}
      {asks && typeof asks === 'object' && 'delete' in asks && (
        <ChangeDialog title={`Delete the role ${asks.delete.name}?`} verb="Delete" danger done={`${asks.delete.name} is deleted`} change={change('delete', '/v1/companies/{company}/roles/{role}', { path: { role: asks.delete.id } })} onClose={() => setAsks(undefined)}>
          <p className="small muted">Every group that gives it gives it no more, and their members lose it, at once.</p>
        </ChangeDialog>
      )}
    </>
  );
}

/** Makes a role, or edits one. */
function RoleForm({ role, onClose }: { role?: Role; onClose: () => void }) {
  const [name, setName] = useState(role?.name ?? '');
  const [description, setDescription] = useState(role?.description ?? '');
  const [permits, setPermits] = useState(() => role?.permissions.map((one) => [one.permission, ...one.actions].join(' ')).join('\n') ?? '');
  // A line a permission: its name, then its actions.
  const permissions = permits
    .split('\n')
    .map((line) => line.trim().split(/[\s,]+/))
    .filter((words) => words[0])
    .map(([permission, ...actions]) => ({ permission, actions }));
  const ready = name.trim() && permissions.length > 0 && permissions.every((one) => one.actions.length > 0);
  const body = { name, description: description || null, permissions } as never;
  const asked = role ? change('patch', '/v1/companies/{company}/roles/{role}', { path: { role: role.id }, body }) : change('post', '/v1/companies/{company}/roles', { body });
  return (
    <Ask title={role ? `Edit the role ${role.name}` : 'New role'} verb={role ? 'Save' : 'Make the role'} done={`${name} is ${role ? 'changed' : 'made'}`} change={ready ? asked : undefined} onClose={onClose}>
      <Field id="nr-name" label="Name">
        <input id="nr-name" className="input" value={name} onChange={(event) => setName(event.target.value)} required maxLength={255} autoFocus />
      </Field>
      <Field id="nr-about" label="Description">
        <input id="nr-about" className="input" value={description} onChange={(event) => setDescription(event.target.value)} maxLength={1000} />
      </Field>
      <Field id="nr-permits" label="Permissions" hint={`One a line: its name, then its actions, as in REPORTS READ WRITE.${role ? ' Whoever has the role may what stands here, at once.' : ''}`}>
        <textarea id="nr-permits" className="area mono" rows={5} spellCheck={false} value={permits} onChange={(event) => setPermits(event.target.value)} />
      </Field>
    </Ask>
  );
}
