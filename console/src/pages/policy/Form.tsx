/** Makes a policy, or the next version of one. */
import { ArrowUp, Plus, X } from 'lucide-react';
import { useState } from 'react';
import { change } from '../../api/client';
import { type Schemas, useNames } from '../../api/queries';
import { Ask, Field } from '../../ui/ask';
import { Icon, Note } from '../../ui/parts';
import { Picker, type Picked } from '../../ui/picker';
import { kinds } from '../Policies';
import { words } from './Steps';

interface Step {
  /** A word, or `users` or `group` with whom. */
  approvers: string;
  who: Picked[];
  require: string;
  hours: string;
  onTimeout: string;
}

const blank: Step = { approvers: 'admins', who: [], require: 'any', hours: '', onTimeout: 'escalate' };

/** The step as its fields have it. */
function toFields(step: Schemas['Step']): Step {
  const rest = { require: step.require, hours: step.timeoutHours?.toString() ?? '', onTimeout: step.timeoutHours ? step.onTimeout : 'escalate' };
  const { approvers } = step;
  if (typeof approvers === 'string') return { approvers, who: [], ...rest };
  const picked = (type: 'user' | 'group') => (id: string) => ({ id, type, name: '' });
  return 'group' in approvers ? { approvers: 'group', who: [approvers.group].map(picked('group')), ...rest } : { approvers: 'users', who: approvers.users.map(picked('user')), ...rest };
}

/** The step as the API takes it. */
function toStep({ approvers, who, require, hours, onTimeout }: Step) {
  const of = approvers === 'users' ? { users: who.map((one) => one.id) } : approvers === 'group' ? { group: who[0]?.id } : approvers;
  return { approvers: of, require, ...(hours && { timeoutHours: Number(hours), onTimeout }) };
}

export function PolicyForm({ policy, onClose }: { policy?: Schemas['Policy']; onClose: () => void }) {
  const [name, setName] = useState(policy?.name ?? '');
  const [description, setDescription] = useState(policy?.description ?? '');
  const [type, setType] = useState(policy?.requestType ?? 'JoinGroupRequest');
  const [isDefault, setDefault] = useState(policy?.default ?? false);
  const [carries, setCarries] = useState(policy?.autoprovision ?? true);
  const [steps, setSteps] = useState<Step[]>(() => policy?.steps.map(toFields) ?? [{ ...blank, approvers: 'manager' }]);
  const names = useNames(steps.flatMap((step) => step.who.map((one) => one.id)));
  const set = (n: number, part: Partial<Step>) => setSteps(steps.map((step, at) => (at === n ? { ...step, ...part } : step)));
  const asSteps = steps.map(toStep);
  const shared = { name: name.trim(), description: description || null, default: isDefault, autoprovision: carries };
  // The same steps are no new version.
  const sameSteps = policy && JSON.stringify(asSteps) === JSON.stringify(policy.steps.map(toFields).map(toStep));
  const asked = policy
    ? change('patch', '/v1/companies/{company}/policies/{policy}', { path: { policy: policy.id }, body: { ...shared, ...(sameSteps ? {} : { steps: asSteps }) } as never })
    : change('post', '/v1/companies/{company}/policies', { body: { ...shared, requestType: type, steps: asSteps } as never });
  const whole = steps.every((step) => !['users', 'group'].includes(step.approvers) || step.who.length > 0);
  return (
    <Ask title={policy ? `Edit ${policy.name}` : 'New policy'} wide verb={policy ? 'Save' : 'Make the policy'} done={`${shared.name} is ${policy ? 'changed' : 'made'}`} change={shared.name && whole ? asked : undefined} onClose={onClose}>
      <div className="pair">
        <Field id="np-name" label="Name">
          <input id="np-name" className="input" value={name} onChange={(event) => setName(event.target.value)} required maxLength={255} autoFocus />
        </Field>
        <Field id="np-type" label="Decides">
          <select id="np-type" className="select" style={{ width: '100%' }} value={type} disabled={!!policy} onChange={(event) => setType(event.target.value)}>
            {Object.entries(kinds).filter(([kind]) => kind !== 'OffboardingRequest').map(([kind, said]) => (
              <option key={kind} value={kind}>
                {said}
              </option>
            ))}
          </select>
        </Field>
      </div>
      <Field id="np-about" label="Description">
        <input id="np-about" className="input" value={description} onChange={(event) => setDescription(event.target.value)} maxLength={1000} />
      </Field>
      <fieldset className="steps">
        <legend className="label small">Steps, in order</legend>
        {steps.map((step, n) => (
          <div className="step" key={n}>
            <div className="row wrap">
              <span className="badge num">{n + 1}</span>
              <select className="select" aria-label={`Who decides step ${n + 1}`} value={step.approvers} onChange={(event) => set(n, { approvers: event.target.value, who: [] })}>
                {Object.entries(words).map(([key, said]) => (
                  <option key={key} value={key}>
                    {said}
                  </option>
                ))}
                <option value="users">certain people</option>
                <option value="group">members of a group</option>
              </select>
              <select className="select" aria-label={`How many decide step ${n + 1}`} value={step.require} onChange={(event) => set(n, { require: event.target.value })}>
                <option value="any">one is enough</option>
                <option value="all">all of them</option>
              </select>
              <input className="input" style={{ width: 92 }} type="number" min={1} max={8784} aria-label={`Hours for step ${n + 1}`} placeholder="hours" value={step.hours} onChange={(event) => set(n, { hours: event.target.value })} />
              {step.hours && (
                <select className="select" aria-label={`Past the hours of step ${n + 1}`} value={step.onTimeout} onChange={(event) => set(n, { onTimeout: event.target.value })}>
                  <option value="escalate">then it escalates</option>
                  <option value="expire">then it expires</option>
                </select>
              )}
              <span className="row" style={{ marginLeft: 'auto' }}>
                <button type="button" className="btn quiet icon small" aria-label={`Step ${n + 1} one earlier`} disabled={n === 0} onClick={() => setSteps(steps.map((one, at) => (at === n - 1 ? step : at === n ? (steps[n - 1] as Step) : one)))}>
                  <Icon of={ArrowUp} />
                </button>
                <button type="button" className="btn quiet icon small" aria-label={`Leave out step ${n + 1}`} onClick={() => setSteps(steps.filter((_, at) => at !== n))}>
                  <Icon of={X} />
                </button>
              </span>
            </div>
            {(step.approvers === 'users' || step.approvers === 'group') && (
              <Picker
                label={step.approvers === 'users' ? 'Who' : 'Which group'}
                kinds={[step.approvers === 'users' ? 'user' : 'group']}
                many={step.approvers === 'users'}
                value={step.who.map((one) => ({ ...one, name: one.name || (names.get(one.id)?.name ?? '…') }))}
                onChange={(who) => set(n, { who })}
              />
            )}
          </div>
        ))}
        <button type="button" className="btn small" onClick={() => setSteps([...steps, blank])}>
          <Icon of={Plus} /> Another step
        </button>
        <p className="xs faint">To escalate is to go to the next manager, else to an administrator. Without a step a request is approved at once.</p>
      </fieldset>
      <label className="check">
        <input type="checkbox" checked={carries} onChange={(event) => setCarries(event.target.checked)} /> Carry out by itself what is approved
      </label>
      <label className="check">
        <input type="checkbox" checked={isDefault} onChange={(event) => setDefault(event.target.checked)} /> The company’s default for this kind
      </label>
      {policy && !sameSteps && <Note>Other steps are version {policy.version + 1}. Requests under way go on by the version they began with.</Note>}
    </Ask>
  );
}
