/** Who decides in somebody's place while they are away. */
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { change } from '../../api/client';
import { type Schemas, useGet, useRights } from '../../api/queries';
import { Ask, Field } from '../../ui/ask';
import { Who } from '../../ui/names';
import { Badge, Bones, Card, Icon, Wrong } from '../../ui/parts';
import { Picker, type Picked } from '../../ui/picker';
import { Day, exactly, fromField } from '../../ui/time';

type Delegation = Schemas['Delegation'];

export function Delegations({ user }: { user: { id: string; name: string } }) {
  const { writes, manages, me } = useRights();
  const [asks, setAsks] = useState<'new' | Delegation>();
  const may = manages || (writes && me?.user?.id === user.id);
  const path = { user: user.id };
  const found = useGet('/v1/companies/{company}/users/{user}/delegations', { path }, may);
  if (!may) return null;
  return (
    <Card
      title="While they are away"
      aside={
        <button type="button" className="btn small" onClick={() => setAsks('new')}>
          <Icon of={Plus} /> Let another decide
        </button>
      }
    >
      <Wrong error={found.error} />
      {found.isPending && <Bones rows={1} />}
      {found.data?.items.length === 0 && <p className="small muted">{user.name} decides their tasks. While they are away, another can in their place.</p>}
      <ul className="col small">
        {found.data?.items.map((one) => (
          <li key={one.id} className="row wrap spread">
            <span className="row wrap">
              <Who id={one.to} face />
              {one.startsAt && new Date(one.startsAt) > new Date() ? (
                <Badge tone="info">
                  from <span title={exactly(one.startsAt)}><Day at={one.startsAt} /></span>
                </Badge>
              ) : (
                <Badge tone="good">decides now</Badge>
              )}
              {one.endsAt ? <span className="faint">until <Day at={one.endsAt} /></span> : <span className="faint">until it is ended</span>}
              {one.reason && <span className="muted">{one.reason}</span>}
            </span>
            <button type="button" className="btn quiet small" onClick={() => setAsks(one)}>
              End…
            </button>
          </li>
        ))}
      </ul>
      {asks === 'new' && <NewDelegation user={user} onClose={() => setAsks(undefined)} />}
      {asks && asks !== 'new' && (
        <Ask title="End it?" verb="End it" danger done="Ended" change={change('delete', '/v1/companies/{company}/users/{user}/delegations/{delegation}', { path: { ...path, delegation: asks.id } })} onClose={() => setAsks(undefined)}>
          <p className="small muted">{user.name} decides by themselves again, at once.</p>
        </Ask>
      )}
    </Card>
  );
}

function NewDelegation({ user, onClose }: { user: { id: string; name: string }; onClose: () => void }) {
  const [to, setTo] = useState<Picked[]>([]);
  const [startsAt, setStarts] = useState('');
  const [endsAt, setEnds] = useState('');
  const [reason, setReason] = useState('');
  const body = { to: to[0]?.id ?? '', startsAt: fromField(startsAt), endsAt: fromField(endsAt), reason: reason || undefined };
  return (
    <Ask title={`Let another decide for ${user.name}`} verb="Let them" done="They decide" change={body.to ? change('post', '/v1/companies/{company}/users/{user}/delegations', { path: { user: user.id }, body }) : undefined} onClose={onClose}>
      <Picker label="Who decides" kinds={['user']} value={to} onChange={setTo} without={[user.id]} autoFocus hint="Tasks that are open already among them." />
      <div className="pair">
        <Field id="nd-from" label="From" hint="At once, when left empty.">
          <input id="nd-from" className="input" type="datetime-local" value={startsAt} onChange={(event) => setStarts(event.target.value)} />
        </Field>
        <Field id="nd-until" label="Until" hint="Until it is ended, when left empty.">
          <input id="nd-until" className="input" type="datetime-local" value={endsAt} onChange={(event) => setEnds(event.target.value)} />
        </Field>
      </div>
      <Field id="nd-why" label="Why">
        <input id="nd-why" className="input" value={reason} onChange={(event) => setReason(event.target.value)} maxLength={1000} />
      </Field>
    </Ask>
  );
}
