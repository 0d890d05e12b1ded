/** What the company has chosen. */
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { change, make } from '../api/client';
import { refresh, type Schemas, useGet, useRights } from '../api/queries';
import { Field } from '../ui/ask';
import { Bones, Card, Head, Note, Wrong } from '../ui/parts';
import { Day } from '../ui/time';
import { say } from '../ui/toast';
import { SigningKeys } from './SigningKeys';

export function Settings() {
  const { manages } = useRights();
  const found = useGet('/v1/companies/{company}');
  return (
    <>
      <Head title="Settings" />
      <Wrong error={found.error} retry={() => void found.refetch()} />
      {found.isPending && <div className="grid"><Bones rows={5} /></div>}
      <div className="stack">
        {found.data && <Form key={found.data.updatedAt} company={found.data} />}
        {manages && <SigningKeys />}
      </div>
    </>
  );
}

function Form({ company }: { company: Schemas['Company'] }) {
  const { manages } = useRights();
  const [name, setName] = useState(company.name);
  const [unique, setUnique] = useState(company.settings.uniqueGroupNames);
  const [numbers, setNumbers] = useState({
    restoreDays: String(company.settings.restoreDays),
    historyDays: company.settings.historyDays?.toString() ?? '',
    brakeMembers: String(company.settings.brakeMembers),
    brakePercent: String(company.settings.brakePercent),
  });
  const saving = useMutation({
    mutationFn: () => {
      const settings = { uniqueGroupNames: unique, ...Object.fromEntries(Object.entries(numbers).map(([key, value]) => [key, value === '' ? null : Number(value)])) };
      return make(change('patch', '/v1/companies/{company}', { body: { name, settings } as never }));
    },
    onSuccess: () => {
      say('Saved');
      void refresh();
    },
  });
  const number = (key: keyof typeof numbers, label: string, hint: string, placeholder?: string) => (
    <Field id={`s-${key}`} label={label} hint={hint}>
      <input id={`s-${key}`} className="input" type="number" min={0} value={numbers[key]} placeholder={placeholder} onChange={(event) => setNumbers({ ...numbers, [key]: event.target.value })} disabled={!manages} />
    </Field>
  );
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        saving.mutate();
      }}
    >
      <div className="cards">
        <Card title="Company">
          <div className="col gap-lg">
            <Field id="s-name" label="Name">
              <input id="s-name" className="input" value={name} onChange={(event) => setName(event.target.value)} required maxLength={255} disabled={!manages} />
            </Field>
            <label className="check">
              <input type="checkbox" checked={unique} onChange={(event) => setUnique(event.target.checked)} disabled={!manages} />
              <span>No two groups may share a name</span>
            </label>
            <dl className="facts">
              <dt>Id</dt>
              <dd><code>{company.id}</code></dd>
              <dt>Revision</dt>
              <dd className="num">{company.revision.toLocaleString()}</dd>
              <dt>Made</dt>
              <dd><Day at={company.createdAt} /></dd>
            </dl>
          </div>
        </Card>
        <Card title="Undo and history">
          <div className="col gap-lg">
            {number('restoreDays', 'Days to restore an archived group', 'Then it is purged, for good.')}
            {number('historyDays', 'Days that the past is kept', 'For ever, when left empty.', 'for ever')}
          </div>
        </Card>
        <Card title="The brake">
          <div className="col gap-lg">
            <p className="small muted">A whole list from a connection that would take more members out of a group than this is held until an administrator releases it.</p>
            {number('brakeMembers', 'Members', 'More than so many at once.')}
            {number('brakePercent', 'Percent', 'Or more than this part of them, and at least 10.')}
          </div>
        </Card>
      </div>
      <div className="col">
        <Wrong error={saving.error} />
        {manages ? (
          <button type="submit" className="btn primary" disabled={saving.isPending} style={{ alignSelf: 'flex-start' }}>
            Save
          </button>
        ) : (
          <Note>Only administrators change these.</Note>
        )}
      </div>
    </form>
  );
}
