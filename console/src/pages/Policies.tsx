/** How requests are decided. */
import { Plus, Scale, X } from 'lucide-react';
import { useState } from 'react';
import { change } from '../api/client';
import { type Schemas, useGet, useRights } from '../api/queries';
import { Ask, Field } from '../ui/ask';
import { Who } from '../ui/names';
import { Badge, Bones, Card, Empty, Head, Icon, plural, Wrong } from '../ui/parts';

const kinds: Record<string, string> = {
  GrantAccessRequest: 'Granting access', RemoveAccessRequest: 'Giving access back', ChangePermissionLevelRequest: 'Changing a level', ArchiveWorkAppRequest: 'Archiving an app',
  AddNewManagedWorkAppRequest: 'Taking an app on', JoinGroupRequest: 'Joining a group', OffboardingRequest: 'Offboarding',
};
const words: Record<string, string> = { manager: 'their manager', appOwner: 'the app’s owner', groupOwner: 'the group’s owners', admins: 'administrators' };

function Approvers({ of }: { of: Schemas['Approvers'] }) {
  if (typeof of === 'string') return <>{words[of] ?? of}</>;
  if ('group' in of) return <>members of <Who id={of.group} /></>;
  return <>{of.users.map((id, n) => [n > 0 && ', ', <Who key={id} id={id} />])}</>;
}

export function Policies() {
  const { manages } = useRights();
  const [asks, setAsks] = useState<'new' | Schemas['Policy']>();
  const found = useGet('/v1/companies/{company}/policies');
  return (
    <>
      <Head title="Policies" sub="Whom a request goes to, step by step, before it is carried out." actions={manages && <button type="button" className="btn primary" onClick={() => setAsks('new')}><Icon of={Plus} /> New policy</button>} />
      <Wrong error={found.error} retry={() => void found.refetch()} />
      {found.isPending && <div className="grid"><Bones rows={4} /></div>}
      {found.data?.items.length === 0 && (
        <div className="grid">
          <Empty icon={Scale} title="No policies yet">
            Without one a request goes to the administrators.
          </Empty>
        </div>
      )}
      <div className="cards">
        {found.data?.items.map((policy) => (
          <Card key={policy.id} title={policy.name} aside={<span className="row">{policy.default && <Badge tone="good">default</Badge>}<Badge tone="info">{kinds[policy.requestType] ?? policy.requestType}</Badge>{manages && <button type="button" className="btn quiet small" onClick={() => setAsks(policy)}>Archive…</button>}</span>}>
            {policy.description && <p className="small muted" style={{ marginBottom: 10 }}>{policy.description}</p>}
            {policy.steps.length === 0 && <p className="small">Approved at once.</p>}
            <ol className="timeline">
              {policy.steps.map((step, n) => (
                <li key={n}>
                  <span className="dot num xs">{n + 1}</span>
                  <span>
                    {step.require === 'all' ? 'All of ' : ''}
                    <Approvers of={step.approvers} />
                  </span>
                  <span className="xs faint">{step.timeoutHours ? `${plural(step.timeoutHours, 'hour')}, then ${step.onTimeout === 'escalate' ? 'escalates' : 'expires'}` : 'no end'}</span>
                </li>
              ))}
            </ol>
            <p className="xs faint" style={{ marginTop: 8 }}>
              Version {policy.version} · {policy.autoprovision ? 'carried out by itself' : 'somebody carries it out'}
            </p>
          </Card>
        ))}
      </div>
      {asks === 'new' && <NewPolicy onClose={() => setAsks(undefined)} />}
      {asks && asks !== 'new' && (
        <Ask title={`Archive ${asks.name}?`} verb="Archive" danger done={`${asks.name} is archived`} change={change('delete', '/v1/companies/{company}/policies/{policy}', { path: { policy: asks.id } })} onClose={() => setAsks(undefined)}>
          <p className="small muted">Requests that run by it go on to their end; new ones go by the next policy that fits.</p>
        </Ask>
      )}
    </>
  );
}

interface Step {
  approvers: string;
  require: 'any' | 'all';
  hours: string;
}

function NewPolicy({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('');
  const [type, setType] = useState('JoinGroupRequest');
  const [isDefault, setDefault] = useState(false);
  const [carries, setCarries] = useState(true);
  const [steps, setSteps] = useState<Step[]>([{ approvers: 'manager', require: 'any', hours: '' }]);
  const set = (n: number, part: Partial<Step>) => setSteps(steps.map((step, at) => (at === n ? { ...step, ...part } : step)));
  const body = {
    name,
    requestType: type,
    default: isDefault,
    autoprovision: carries,
    steps: steps.map((step) => ({ approvers: step.approvers, require: step.require, timeoutHours: step.hours ? Number(step.hours) : undefined, onTimeout: step.hours ? 'escalate' : undefined })),
  };
  return (
    <Ask title="New policy" verb="Make the policy" done={`${name} is made`} change={name.trim() ? change('post', '/v1/companies/{company}/policies', { body: body as never }) : undefined} onClose={onClose}>
      <Field id="np-name" label="Name">
        <input id="np-name" className="input" value={name} onChange={(event) => setName(event.target.value)} required maxLength={255} autoFocus />
      </Field>
      <Field id="np-type" label="Decides">
        <select id="np-type" className="select" value={type} onChange={(event) => setType(event.target.value)}>
          {Object.entries(kinds).filter(([kind]) => kind !== 'OffboardingRequest').map(([kind, words_]) => (
            <option key={kind} value={kind}>
              {words_}
            </option>
          ))}
        </select>
      </Field>
      <fieldset className="steps">
        <legend className="label small">Steps, in order</legend>
        {steps.map((step, n) => (
          <div className="row wrap" key={n}>
            <span className="badge num">{n + 1}</span>
            <select className="select" aria-label={`Who decides step ${n + 1}`} value={step.approvers} onChange={(event) => set(n, { approvers: event.target.value })}>
              {Object.entries(words).map(([key, said]) => (
                <option key={key} value={key}>
                  {said}
                </option>
              ))}
            </select>
            <select className="select" aria-label={`How many decide step ${n + 1}`} value={step.require} onChange={(event) => set(n, { require: event.target.value as 'any' })}>
              <option value="any">one is enough</option>
              <option value="all">all of them</option>
            </select>
            <input className="input" style={{ width: 120 }} type="number" min={1} max={8784} aria-label={`Hours for step ${n + 1}`} placeholder="hours" value={step.hours} onChange={(event) => set(n, { hours: event.target.value })} />
            <button type="button" className="btn quiet icon small" aria-label={`Leave out step ${n + 1}`} onClick={() => setSteps(steps.filter((_, at) => at !== n))}>
              <Icon of={X} />
            </button>
          </div>
        ))}
        <button type="button" className="btn small" onClick={() => setSteps([...steps, { approvers: 'admins', require: 'any', hours: '' }])}>
          <Icon of={Plus} /> Another step
        </button>
        <p className="xs faint">Past its hours a step goes to the next manager, else to an administrator. Without a step a request is approved at once.</p>
      </fieldset>
      <label className="check">
        <input type="checkbox" checked={carries} onChange={(event) => setCarries(event.target.checked)} /> Carry out by itself what is approved
      </label>
      <label className="check">
        <input type="checkbox" checked={isDefault} onChange={(event) => setDefault(event.target.checked)} /> The company’s default for this kind
      </label>
    </Ask>
  );
}
