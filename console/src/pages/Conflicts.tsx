/** Conflicts: groups that nobody may be in too many of at once, and who is all the same. */
import { Plus, Scissors } from 'lucide-react';
import { Fragment, useState } from 'react';
import { change } from '../api/client';
import { type Schemas, useList, useNames, useRights } from '../api/queries';
import { Ask, Field } from '../ui/ask';
import { Dialog } from '../ui/dialog';
import { Who } from '../ui/names';
import { Badge, Bones, Card, Empty, Head, Icon, plural, Wrong } from '../ui/parts';
import { Picker, type Picked } from '../ui/picker';

type Conflict = Schemas['Conflict'];

export function Conflicts() {
  const { manages } = useRights();
  const [asks, setAsks] = useState<'new' | { edit: Conflict } | { delete: Conflict } | { breaches: Conflict }>();
  const found = useList('/v1/companies/{company}/conflicts', {}, true, 1000);
  const close = () => setAsks(undefined);
  return (
    <>
      <Head
        title="Conflicts"
        sub="Duties that one person must not hold together."
        actions={
          manages && (
            <button type="button" className="btn primary" onClick={() => setAsks('new')}>
              <Icon of={Plus} /> New conflict
            </button>
          )
        }
      />
      <Wrong error={found.error} retry={() => void found.refetch()} />
      {found.isPending && <div className="grid"><Bones rows={4} /></div>}
      {!found.isPending && found.items.length === 0 && (
        <div className="grid">
          <Empty icon={Scissors} title="No conflicts">
            Name groups that do not go together, such as those who order and those who pay. Nobody can then come into more of them than allowed, whichever door they come by.
          </Empty>
        </div>
      )}
      <div className="cards">
        {(found.items as Conflict[]).map((conflict) => (
          <Card
            key={conflict.id}
            title={conflict.name}
            aside={
              <span className="row">
                {conflict.breaches > 0 ? (
                  <button type="button" className="bare" onClick={() => setAsks({ breaches: conflict })}>
                    <Badge tone="bad">{plural(conflict.breaches, 'person', 'people')} in breach</Badge>
                  </button>
                ) : (
                  <Badge tone="good">nobody in breach</Badge>
                )}
                {manages && (
                  <>
                    <button type="button" className="btn quiet small" onClick={() => setAsks({ edit: conflict })}>
                      Edit
                    </button>
                    <button type="button" className="btn quiet small" onClick={() => setAsks({ delete: conflict })}>
                      Delete…
                    </button>
                  </>
                )}
              </span>
            }
          >
            {conflict.description && <p className="small muted" style={{ marginBottom: 8 }}>{conflict.description}</p>}
            <p className="small" style={{ marginBottom: 8 }}>At most {conflict.atMost === 1 ? 'one' : conflict.atMost} of:</p>
            <ul className="col small">
              {conflict.groups.map((group) => (
                <li key={group}>
                  <Who id={group} face />
                </li>
              ))}
            </ul>
          </Card>
        ))}
      </div>
      {asks === 'new' && <ConflictForm onClose={close} />}
      {asks && typeof asks === 'object' && 'edit' in asks && <ConflictForm conflict={asks.edit} onClose={close} />}
      {asks && typeof asks === 'object' && 'delete' in asks && (
        <Ask title={`Delete ${asks.delete.name}?`} verb="Delete" danger done={`${asks.delete.name} is deleted`} change={change('delete', '/v1/companies/{company}/conflicts/{conflict}', { path: { conflict: asks.delete.id } })} onClose={close}>
          <p className="small muted">Its groups go together again, from this moment.</p>
        </Ask>
      )}
      {asks && typeof asks === 'object' && 'breaches' in asks && <Breaches conflict={asks.breaches} onClose={close} />}
    </>
  );
}

function Breaches({ conflict, onClose }: { conflict: Conflict; onClose: () => void }) {
  const found = useList('/v1/companies/{company}/conflicts/{conflict}/breaches', { path: { conflict: conflict.id } });
  return (
    <Dialog title={`In breach of ${conflict.name}`} onClose={onClose}>
      <Wrong error={found.error} />
      {found.isPending && <Bones rows={3} />}
      <ul className="timeline">
        {(found.items as Schemas['Breaching'][]).map((one) => (
          <li key={one.user.id} style={{ gridTemplateColumns: 'minmax(0,1fr)' }}>
            <Who id={one.user.id} face />
            <span className="muted">
              {one.groups.map((held) => (
                <span key={held.group} style={{ display: 'block' }}>
                  {held.path.map((step, n) => (
                    <Fragment key={step.id}>
                      {n > 0 && ' → '}
                      {step.name}
                    </Fragment>
                  ))}
                </span>
              ))}
            </span>
          </li>
        ))}
      </ul>
      {found.hasNextPage && (
        <button type="button" className="btn small" onClick={() => void found.fetchNextPage()}>
          More
        </button>
      )}
    </Dialog>
  );
}

/** Makes a conflict, or edits one. */
function ConflictForm({ conflict, onClose }: { conflict?: Conflict; onClose: () => void }) {
  const [name, setName] = useState(conflict?.name ?? '');
  const [description, setDescription] = useState(conflict?.description ?? '');
  const [groups, setGroups] = useState<Picked[]>(() => conflict?.groups.map((id) => ({ id, name: '', type: 'group' as const })) ?? []);
  const [most, setMost] = useState(String(conflict?.atMost ?? 1));
  const names = useNames(groups.map((one) => one.id));
  const body = { name, description: description || null, groups: groups.map((one) => one.id), atMost: Number(most) };
  const asked = conflict ? change('patch', '/v1/companies/{company}/conflicts/{conflict}', { path: { conflict: conflict.id }, body }) : change('post', '/v1/companies/{company}/conflicts', { body: body as never });
  return (
    <Ask title={conflict ? `Edit ${conflict.name}` : 'New conflict'} verb={conflict ? 'Save' : 'Make it'} done={`${name} holds from now on`} change={name.trim() && groups.length > 1 ? asked : undefined} onClose={onClose}>
      <Field id="cf-name" label="Name">
        <input id="cf-name" className="input" value={name} onChange={(event) => setName(event.target.value)} required maxLength={255} autoFocus placeholder="Order and pay" />
      </Field>
      <Field id="cf-about" label="What it is for">
        <input id="cf-about" className="input" value={description} onChange={(event) => setDescription(event.target.value)} maxLength={1000} />
      </Field>
      <Picker label="Groups" kinds={['group']} many value={groups.map((one) => ({ ...one, name: one.name || (names.get(one.id)?.name ?? '…') }))} onChange={setGroups} hint="Two at least. Nesting counts." />
      <Field id="cf-most" label="One may be in at most" hint="Of them.">
        <input id="cf-most" className="input" type="number" min={1} max={Math.max(1, groups.length - 1)} value={most} onChange={(event) => setMost(event.target.value)} />
      </Field>
    </Ask>
  );
}
