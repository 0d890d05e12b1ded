/** Roles: what a person may do, given by the groups they are in. */
import { BadgeCheck, Plus } from 'lucide-react';
import { useState } from 'react';
import { change } from '../api/client';
import { type Schemas, useGet, useRights } from '../api/queries';
import { Ask, Field } from '../ui/ask';
import { Badge, Bones, Card, Empty, Head, Icon, Wrong } from '../ui/parts';

export function Roles() {
  const { manages } = useRights();
  const [asks, setAsks] = useState<'new' | Schemas['AccessRole']>();
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
                  <button type="button" className="btn quiet small" onClick={() => setAsks(role)}>
                    Delete…
                  </button>
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
      {asks === 'new' && <NewRole onClose={() => setAsks(undefined)} />}
      {asks && asks !== 'new' && (
        <Ask title={`Delete the role ${asks.name}?`} verb="Delete" danger done={`${asks.name} is deleted`} change={change('delete', '/v1/companies/{company}/roles/{role}', { path: { role: asks.id } })} onClose={() => setAsks(undefined)}>
          <p className="small muted">Every group that gives it gives it no more, and their members lose it, at once.</p>
        </Ask>
      )}
    </>
  );
}

function NewRole({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const [permits, setPermits] = useState('');
  // A line a permission: its name, then its actions.
  const permissions = permits
    .split('\n')
    .map((line) => line.trim().split(/[\s,]+/))
    .filter((words) => words[0])
    .map(([permission, ...actions]) => ({ permission, actions }));
  const ready = name.trim() && permissions.length > 0 && permissions.every((one) => one.actions.length > 0);
  return (
    <Ask title="New role" verb="Make the role" done={`${name} is made`} change={ready ? change('post', '/v1/companies/{company}/roles', { body: { name, description: description || undefined, permissions } as never }) : undefined} onClose={onClose}>
      <Field id="nr-name" label="Name">
        <input id="nr-name" className="input" value={name} onChange={(event) => setName(event.target.value)} required maxLength={255} autoFocus />
      </Field>
      <Field id="nr-about" label="Description">
        <input id="nr-about" className="input" value={description} onChange={(event) => setDescription(event.target.value)} maxLength={1000} />
      </Field>
      <Field id="nr-permits" label="Permissions" hint="One a line: its name, then its actions, as in REPORTS READ WRITE.">
        <textarea id="nr-permits" className="area mono" rows={5} spellCheck={false} value={permits} onChange={(event) => setPermits(event.target.value)} />
      </Field>
    </Ask>
  );
}
