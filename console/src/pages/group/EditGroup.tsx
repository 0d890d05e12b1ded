/** Edits a group's own record. */
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { change, make, Problem } from '../../api/client';
import { forgetNames, refresh, type Schemas } from '../../api/queries';
import { Dialog } from '../../ui/dialog';
import { Note, Wrong } from '../../ui/parts';
import { say } from '../../ui/toast';

type Group = Schemas['Group'];

export function EditGroup({ group, onClose }: { group: Group; onClose: () => void }) {
  const [name, setName] = useState(group.name);
  const [icon, setIcon] = useState(group.icon ?? '');
  const [description, setDescription] = useState(group.description ?? '');
  const [defaultDays, setDefaultDays] = useState(group.defaultDays?.toString() ?? '');
  const [longestDays, setLongestDays] = useState(group.longestDays?.toString() ?? '');
  const path = { group: group.id };
  const edit = (body: object) => change('patch', '/v1/companies/{company}/groups/{group}', { path, body: body as never });
  const saving = useMutation({
    mutationFn: () => {
      const body: Record<string, unknown> = {};
      if (name !== group.name) body.name = name;
      if (icon !== (group.icon ?? '')) body.icon = icon || null;
      if (description !== (group.description ?? '')) body.description = description || null;
      if (defaultDays !== (group.defaultDays?.toString() ?? '')) body.defaultDays = defaultDays ? Number(defaultDays) : null;
      if (longestDays !== (group.longestDays?.toString() ?? '')) body.longestDays = longestDays ? Number(longestDays) : null;
      return make<Group>(edit(body));
    },
    onSuccess: (now) => {
      const before = { name: group.name, icon: group.icon, description: group.description, defaultDays: group.defaultDays, longestDays: group.longestDays };
      say(`${now.name} is changed`, () => void make(edit(before)).then(() => refresh(), (error: Error) => say(error.message)));
      forgetNames();
      void refresh();
      onClose();
    },
  });
  const wrong = (field: string) => (saving.error instanceof Problem ? saving.error.errors.find((one) => one.field === field)?.detail : undefined);
  const days = (id: string, label: string, hint: string, value: string, set: (to: string) => void) => (
    <div className="field grow">
      <label htmlFor={id}>{label}</label>
      <input id={id} className="input" type="number" min={1} max={3650} value={value} onChange={(event) => set(event.target.value)} placeholder="no end" aria-describedby={`${id}-hint`} />
      <span className="hint" id={`${id}-hint`}>{hint}</span>
    </div>
  );
  return (
    <Dialog
      title={`Edit ${group.name}`}
      onClose={onClose}
      onSubmit={() => saving.mutate()}
      footer={
        <>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="btn primary" disabled={!name.trim() || saving.isPending}>
            Save
          </button>
        </>
      }
    >
      {group.unmodifiable && <Note>Name and description of this group are frozen; how long memberships last is not.</Note>}
      <div className="row" style={{ alignItems: 'flex-start' }}>
        <div className="field" style={{ width: 74 }}>
          <label htmlFor="eg-icon">Icon</label>
          <input id="eg-icon" className="input" value={icon} onChange={(event) => setIcon(event.target.value)} maxLength={16} />
        </div>
        <div className="field grow">
          <label htmlFor="eg-name">Name</label>
          <input id="eg-name" className="input" value={name} onChange={(event) => setName(event.target.value)} required maxLength={255} disabled={group.unmodifiable} aria-invalid={!!wrong('name')} />
          {wrong('name') && <span className="wrong">Name {wrong('name')}</span>}
        </div>
      </div>
      <div className="field">
        <label htmlFor="eg-about">Description</label>
        <textarea id="eg-about" className="area" value={description} onChange={(event) => setDescription(event.target.value)} maxLength={1000} disabled={group.unmodifiable} />
      </div>
      <div className="row" style={{ alignItems: 'flex-start' }}>
        {days('eg-default', 'Days by default', 'A membership given without an end lasts as long.', defaultDays, setDefaultDays)}
        {days('eg-longest', 'Days at most', 'Nobody may give a longer one.', longestDays, setLongestDays)}
      </div>
      <Wrong error={saving.error} />
    </Dialog>
  );
}
