/** Who owns a group: they may change its members. */
import { Crown, Plus, Scale } from 'lucide-react';
import { useState } from 'react';
import { change, make } from '../../api/client';
import { refresh, type Schemas, useGet, useRights } from '../../api/queries';
import { Ask, Field } from '../../ui/ask';
import { Bones, Card, Empty, Icon, Wrong } from '../../ui/parts';
import { Picker, type Picked } from '../../ui/picker';
import { Dialog } from '../../ui/dialog';
import { Who } from '../../ui/names';
import { say } from '../../ui/toast';
import { useMutation } from '@tanstack/react-query';

export function Owners({ group }: { group: Schemas['Group'] }) {
  const { manages } = useRights();
  const [adds, setAdds] = useState(false);
  const [decides, setDecides] = useState(false);
  const found = useGet('/v1/companies/{company}/groups/{group}/owners', { path: { group: group.id } });
  const owner = (method: 'put' | 'delete', id: string) => change(method, '/v1/companies/{company}/groups/{group}/owners/{owner}', { path: { group: group.id, owner: id } });
  const remove = useMutation({
    mutationFn: (id: string) => make(owner('delete', id)),
    onSuccess: (_, id) => {
      say('No longer an owner', () => void make(owner('put', id)).then(() => refresh(), (error: Error) => say(error.message)));
      void refresh();
    },
  });
  if (found.isPending) return <div className="grid"><Bones rows={3} /></div>;
  return (
    <Card
      title="Owners"
      aside={
        manages && (
          <span className="row wrap">
            <button type="button" className="btn small" onClick={() => setDecides(true)}>
              <Icon of={Scale} /> Who decides on joining…
            </button>
            <button type="button" className="btn small" onClick={() => setAdds(true)}>
              <Icon of={Plus} /> Add owners
            </button>
          </span>
        )
      }
    >
      <Wrong error={found.error ?? remove.error} />
      {found.data?.items.length === 0 && (
        <Empty icon={Crown} title="Nobody owns this group">
          Owners may change its members, and decide who joins. Until there is one, administrators do.
        </Empty>
      )}
      <ul className="col">
        {found.data?.items.map((one) => (
          <li key={one.id} className="row spread small" style={{ minHeight: 32 }}>
            <span className="row">
              <Who id={one.id} face />
              {one.type === 'group' && <span className="faint">its members own this group</span>}
            </span>
            {manages && (
              <button type="button" className="btn quiet small" onClick={() => remove.mutate(one.id)} disabled={remove.isPending}>
                Remove
              </button>
            )}
          </li>
        ))}
      </ul>
      {decides && <JoinPolicy group={group} onClose={() => setDecides(false)} />}
      {adds && <AddOwners group={group} held={found.data?.items.map((one) => one.id) ?? []} onClose={() => setAdds(false)} />}
    </Card>
  );
}

/** Chooses the policy by which people join this group. */
function JoinPolicy({ group, onClose }: { group: Schemas['Group']; onClose: () => void }) {
  const [picked, setPicked] = useState<string>();
  const chosen = useGet('/v1/companies/{company}/groups/{group}/policies', { path: { group: group.id } });
  const stands = chosen.data?.items[0]?.policy ?? '';
  const policy = picked ?? stands;
  const policies = useGet('/v1/companies/{company}/policies', { query: { requestType: 'JoinGroupRequest' } });
  const path = { group: group.id, requestType: 'JoinGroupRequest' };
  const asked = policy
    ? change('put', '/v1/companies/{company}/groups/{group}/policies/{requestType}', { path, body: { policy } })
    : change('delete', '/v1/companies/{company}/groups/{group}/policies/{requestType}', { path });
  return (
    <Ask title={`Who decides on joining ${group.name}`} verb="Choose" done="Chosen" change={chosen.data && policy !== stands ? asked : undefined} onClose={onClose}>
      <p className="small muted">Whoever asks to join goes through the steps of this policy. Requests under way go on by the one they began with.</p>
      <Field id="jp-policy" label="Policy">
        <select id="jp-policy" className="select" style={{ width: '100%' }} value={policy} disabled={!chosen.data} onChange={(event) => setPicked(event.target.value)}>
          <option value="">none of its own: the company’s</option>
          {policies.data?.items.map((one) => (
            <option key={one.id} value={one.id}>
              {one.name}
            </option>
          ))}
        </select>
      </Field>
    </Ask>
  );
}

function AddOwners({ group, held, onClose }: { group: Schemas['Group']; held: string[]; onClose: () => void }) {
  const [owners, setOwners] = useState<Picked[]>([]);
  const adding = useMutation({
    mutationFn: () => make(change('put', '/v1/companies/{company}/groups/{group}/owners', { path: { group: group.id }, body: { owners: [...held, ...owners.map((one) => one.id)] } })),
    onSuccess: () => {
      say('Owners added');
      void refresh();
      onClose();
    },
  });
  return (
    <Dialog
      title={`Add owners of ${group.name}`}
      onClose={onClose}
      onSubmit={() => adding.mutate()}
      footer={
        <>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="btn primary" disabled={owners.length === 0 || adding.isPending}>
            Add
          </button>
        </>
      }
    >
      <Picker label="Owners" kinds={['user', 'group']} many value={owners} onChange={setOwners} without={held} autoFocus />
      <Wrong error={adding.error} />
    </Dialog>
  );
}
