/** Edits an app: its record, its levels of access and its custom fields. */
import { ArrowUp, Plus, X } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { change } from '../../api/client';
import { type Schemas, useName } from '../../api/queries';
import { Ask, Field } from '../../ui/ask';
import { Icon } from '../../ui/parts';
import { Picker, type Picked } from '../../ui/picker';

type App = Schemas['App'];
const statuses: App['status'][] = ['Managed', 'Discovered', 'Tracked', 'Requested', 'Restricted', 'Ignored', 'Archived'];
const edit = (app: App, body: object) => change('patch', '/v1/companies/{company}/apps/{app}', { path: { app: app.id }, body: body as never });

export function EditApp({ app, onClose }: { app: App; onClose: () => void }) {
  const texts = ['name', 'tagLine', 'description', 'category', 'url', 'imageUrl'] as const;
  const [said, setSaid] = useState(() => Object.fromEntries(texts.map((key) => [key, app[key] ?? ''])) as Record<(typeof texts)[number], string>);
  const [status, setStatus] = useState(app.status);
  const held = useName(app.owner);
  const [owner, setOwner] = useState<Picked[]>();
  const [lists, setLists] = useState({ serverLocations: app.serverLocations.join(', '), certifications: app.certifications.join(', ') });
  const shown = owner ?? (app.owner ? [{ id: app.owner, name: held?.name ?? '…', type: 'user' as const }] : []);
  const body: Record<string, unknown> = {};
  for (const key of texts) if (said[key] !== (app[key] ?? '')) body[key] = said[key] || null;
  if (status !== app.status) body.status = status;
  if (owner) body.owner = owner[0]?.id ?? null;
  for (const key of ['serverLocations', 'certifications'] as const) {
    const words = lists[key].split(',').map((word) => word.trim()).filter(Boolean);
    if (words.join() !== app[key].join()) body[key] = words;
  }
  const line = (key: (typeof texts)[number], label: string, type = 'text') => (
    <Field id={`ea-${key}`} label={label}>
      <input id={`ea-${key}`} className="input" type={type} value={said[key]} maxLength={key === 'url' || key === 'imageUrl' ? 1000 : 255} onChange={(event) => setSaid({ ...said, [key]: event.target.value })} />
    </Field>
  );
  return (
    <Ask title={`Edit ${app.name}`} wide verb="Save" done={`${said.name} is changed`} change={said.name.trim() && Object.keys(body).length > 0 ? edit(app, body) : undefined} onClose={onClose}>
      <div className="pair">
        {line('name', 'Name')}
        {line('category', 'Category')}
      </div>
      {line('tagLine', 'In a few words')}
      <Field id="ea-about" label="Description">
        <textarea id="ea-about" className="area" value={said.description} maxLength={1000} onChange={(event) => setSaid({ ...said, description: event.target.value })} />
      </Field>
      <div className="pair">
        {line('url', 'Address', 'url')}
        {line('imageUrl', 'Address of its picture', 'url')}
        <Field id="ea-status" label="Status" hint="Only a managed app can be given and asked for.">
          <select id="ea-status" className="select" style={{ width: '100%' }} value={status} onChange={(event) => setStatus(event.target.value as App['status'])}>
            {statuses.map((word) => (
              <option key={word}>{word}</option>
            ))}
          </select>
        </Field>
        <Picker label="Looked after by" kinds={['user']} value={shown} onChange={setOwner} />
        <Field id="ea-servers" label="Where its servers are" hint="Separated by commas.">
          <input id="ea-servers" className="input" value={lists.serverLocations} onChange={(event) => setLists({ ...lists, serverLocations: event.target.value })} />
        </Field>
        <Field id="ea-certs" label="What it is certified for" hint="Separated by commas.">
          <input id="ea-certs" className="input" value={lists.certifications} onChange={(event) => setLists({ ...lists, certifications: event.target.value })} />
        </Field>
      </div>
    </Ask>
  );
}

/** Rows of a list that is edited as a whole. */
function Rows<T>({ rows, onChange, add, more, children }: { rows: T[]; onChange: (to: T[]) => void; add: T; more: string; children: (row: T, set: (part: Partial<T>) => void, n: number) => ReactNode }) {
  return (
    <>
      {rows.map((row, n) => (
        <div className="step" key={n}>
          {children(row, (part) => onChange(rows.map((one, at) => (at === n ? { ...one, ...part } : one))), n)}
          <div className="row">
            <button type="button" className="btn quiet small" disabled={n === 0} aria-label={`Row ${n + 1} one earlier`} onClick={() => onChange(rows.map((one, at) => (at === n - 1 ? row : at === n ? (rows[n - 1] as T) : one)))}>
              <Icon of={ArrowUp} /> Earlier
            </button>
            <button type="button" className="btn quiet small" aria-label={`Leave out row ${n + 1}`} onClick={() => onChange(rows.filter((_, at) => at !== n))}>
              <Icon of={X} /> Leave out
            </button>
          </div>
        </div>
      ))}
      <div>
        <button type="button" className="btn small" onClick={() => onChange([...rows, add])}>
          <Icon of={Plus} /> {more}
        </button>
      </div>
    </>
  );
}

type Level = Omit<Schemas['Level'], 'id'> & { id?: string };

export function EditLevels({ app, onClose }: { app: App; onClose: () => void }) {
  const [levels, setLevels] = useState<Level[]>(app.permissionLevels);
  const ready = levels.every((level) => level.name.trim());
  return (
    <Ask title={`Levels of ${app.name}`} wide verb="Save" done="The levels are changed" change={ready ? edit(app, { permissionLevels: levels }) : undefined} onClose={onClose}>
      <p className="small muted">A level that somebody has cannot go. The default one is given where nothing else is said.</p>
      <Rows rows={levels} onChange={setLevels} add={{ name: '', description: '', isDefault: levels.length === 0, isPrivileged: false }} more="Another level">
        {(level, set, n) => (
          <>
            <div className="pair">
              <Field id={`el-name-${n}`} label="Name">
                <input id={`el-name-${n}`} className="input" value={level.name} required maxLength={255} onChange={(event) => set({ name: event.target.value })} />
              </Field>
              <Field id={`el-about-${n}`} label="What it allows">
                <input id={`el-about-${n}`} className="input" value={level.description} maxLength={1000} onChange={(event) => set({ description: event.target.value })} />
              </Field>
            </div>
            <div className="row wrap gap-lg">
              <label className="check">
                {/* One of them is: choosing it takes the mark from the others. */}
                <input type="radio" name="el-default" checked={level.isDefault} onChange={() => setLevels(levels.map((one, at) => ({ ...one, isDefault: at === n })))} /> The default
              </label>
              <label className="check">
                <input type="checkbox" checked={level.isPrivileged} onChange={(event) => set({ isPrivileged: event.target.checked })} /> More than everyday rights
              </label>
            </div>
          </>
        )}
      </Rows>
    </Ask>
  );
}

type Custom = Omit<Schemas['CustomField'], 'id' | 'options'> & { id?: string; options: { id?: string; name: string }[] };
const fieldKinds: [string, string][] = [['text', 'text'], ['number', 'a number'], ['boolean', 'yes or no'], ['date', 'a date'], ['user', 'a person'], ['select', 'a choice']];

export function EditFields({ app, onClose }: { app: App; onClose: () => void }) {
  const [fields, setFields] = useState<Custom[]>(app.customFields);
  const ready = fields.every((field) => field.name.trim() && (field.type !== 'select' || field.options.length > 0));
  // An option that is new has no id to choose it by: it is chosen once it is saved.
  const body = { customFields: fields.map((field) => ({ ...field, value: field.value || null, options: field.type === 'select' ? field.options : undefined })) };
  return (
    <Ask title={`Custom fields of ${app.name}`} wide verb="Save" done="The fields are changed" change={ready ? edit(app, body) : undefined} onClose={onClose}>
      <Rows rows={fields} onChange={setFields} add={{ name: '', type: 'text', required: false, options: [] }} more="Another field">
        {(field, set, n) => (
          <>
            <div className="trio">
              <Field id={`ef-name-${n}`} label="Name">
                <input id={`ef-name-${n}`} className="input" value={field.name} required maxLength={255} onChange={(event) => set({ name: event.target.value })} />
              </Field>
              <Field id={`ef-type-${n}`} label="Holds">
                <select id={`ef-type-${n}`} className="select" style={{ width: '100%' }} value={field.type} onChange={(event) => set({ type: event.target.value, value: null, options: [] })}>
                  {fieldKinds.map(([kind, words]) => (
                    <option key={kind} value={kind}>
                      {words}
                    </option>
                  ))}
                </select>
              </Field>
              <Value field={field} id={`ef-value-${n}`} onChange={(value) => set({ value })} />
            </div>
            {field.type === 'select' && <Options field={field} id={`ef-options-${n}`} onChange={(options) => set({ options, value: options.some((one) => one.id === field.value) ? field.value : null })} />}
            <label className="check">
              <input type="checkbox" checked={field.required} onChange={(event) => set({ required: event.target.checked })} /> It may not be emptied
            </label>
          </>
        )}
      </Rows>
    </Ask>
  );
}

/** What a select offers, a line each. */
function Options({ field, id, onChange }: { field: Custom; id: string; onChange: (to: Custom['options']) => void }) {
  const [text, setText] = useState(() => field.options.map((one) => one.name).join('\n'));
  return (
    <Field id={id} label="What it offers" hint="One a line.">
      <textarea
        id={id}
        className="area"
        rows={3}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          const names = event.target.value.split('\n').map((line) => line.trim()).filter(Boolean);
          onChange(names.map((name) => field.options.find((one) => one.name === name) ?? { name }));
        }}
      />
    </Field>
  );
}

function Value({ field, id, onChange }: { field: Custom; id: string; onChange: (to: string | null) => void }) {
  const named = useName(field.type === 'user' ? field.value : undefined);
  const value = field.value ?? '';
  if (field.type === 'user') {
    return <Picker label="Value" kinds={['user']} value={value ? [{ id: value, name: named?.name ?? '…', type: 'user' }] : []} onChange={(to) => onChange(to[0]?.id ?? null)} />;
  }
  if (field.type === 'select' || field.type === 'boolean') {
    const options = field.type === 'boolean' ? [['true', 'yes'], ['false', 'no']] : field.options.filter((one) => one.id).map((one) => [one.id, one.name]);
    return (
      <Field id={id} label="Value">
        <select id={id} className="select" style={{ width: '100%' }} value={value} onChange={(event) => onChange(event.target.value || null)}>
          <option value="">none</option>
          {options.map(([key, words]) => (
            <option key={key} value={key}>
              {words}
            </option>
          ))}
        </select>
      </Field>
    );
  }
  const types: Record<string, string> = { number: 'number', date: 'date' };
  return (
    <Field id={id} label="Value">
      <input id={id} className="input" type={types[field.type] ?? 'text'} step="any" value={value} onChange={(event) => onChange(event.target.value || null)} />
    </Field>
  );
}
