/** Edits a person's record. Rules read it, so what it would do is shown first. */
import { useState } from 'react';
import { change } from '../../api/client';
import { forgetNames, type Schemas, useName } from '../../api/queries';
import { Field } from '../../ui/ask';
import { Picker, type Picked } from '../../ui/picker';
import { ChangeDialog } from '../../ui/preview';

type User = Schemas['User'];

/** The merge patch that leads from one object to another: what is no longer there is taken away by name. */
function merging(from: object, to: object) {
  const gone = Object.keys(from).filter((key) => !(key in to));
  return { ...to, ...Object.fromEntries(gone.map((key) => [key, null])) };
}

export function EditUser({ user, onClose }: { user: User; onClose: () => void }) {
  const [name, setName] = useState(user.name);
  const [email, setEmail] = useState(user.email);
  const [role, setRole] = useState<string>(user.role);
  const held = useName(user.manager);
  const [manager, setManager] = useState<Picked[] | undefined>();
  const [attributes, setAttributes] = useState(() => JSON.stringify(user.attributes, null, 2));
  const shown = manager ?? (user.manager ? [{ id: user.manager, name: held?.name ?? '…', type: 'user' as const }] : []);
  let parsed: Record<string, unknown> | undefined;
  try {
    parsed = JSON.parse(attributes) as Record<string, unknown>;
  } catch {
    parsed = undefined;
  }
  const body: Record<string, unknown> = {};
  if (name !== user.name) body.name = name;
  if (email !== user.email) body.email = email;
  if (role !== user.role) body.role = role;
  if (manager) body.manager = manager[0]?.id ?? null;
  if (parsed && JSON.stringify(parsed) !== JSON.stringify(user.attributes)) body.attributes = merging(user.attributes, parsed);
  const edit = (what: object) => change('patch', '/v1/companies/{company}/users/{user}', { path: { user: user.id }, body: what as never });
  const back = () => edit({ name: user.name, email: user.email, role: user.role, manager: user.manager ?? null, ...(parsed && 'attributes' in body && { attributes: merging(parsed, user.attributes) }) });
  return (
    <ChangeDialog title={`Edit ${user.name}`} verb="Save" done={`${name} is changed`} change={Object.keys(body).length && parsed && name.trim() ? edit(body) : undefined} undo={back} onDone={forgetNames} onClose={onClose}>
      <div className="row" style={{ alignItems: 'flex-start' }}>
        <Field id="eu-name" label="Name">
          <input id="eu-name" className="input" value={name} onChange={(event) => setName(event.target.value)} required maxLength={255} autoFocus />
        </Field>
        <Field id="eu-email" label="E-mail address">
          <input id="eu-email" className="input" type="email" value={email} onChange={(event) => setEmail(event.target.value)} required maxLength={254} />
        </Field>
      </div>
      <Field id="eu-role" label="Workspace role">
        <select id="eu-role" className="select" value={role} onChange={(event) => setRole(event.target.value)}>
          {['guest', 'viewer', 'editor', 'admin'].map((word) => (
            <option key={word}>{word}</option>
          ))}
        </select>
      </Field>
      <Picker label="Manager" kinds={['user']} value={shown} onChange={setManager} without={[user.id]} />
      <Field id="eu-attributes" label="Attributes" hint={parsed ? 'What rules read, as JSON.' : 'This is not JSON yet.'}>
        <textarea id="eu-attributes" className="area mono" rows={6} spellCheck={false} value={attributes} onChange={(event) => setAttributes(event.target.value)} aria-invalid={!parsed} />
      </Field>
    </ChangeDialog>
  );
}
