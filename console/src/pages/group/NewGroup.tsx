/** Makes a group. */
import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { change, make, Problem } from '../../api/client';
import { refresh, type Schemas } from '../../api/queries';
import { Dialog } from '../../ui/dialog';
import { Wrong } from '../../ui/parts';
import { Picker, type Picked } from '../../ui/picker';
import { say } from '../../ui/toast';

export function NewGroup({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const [name, setName] = useState('');
  const [icon, setIcon] = useState('');
  const [description, setDescription] = useState('');
  const [owners, setOwners] = useState<Picked[]>([]);
  const [key] = useState(() => crypto.randomUUID());
  const making = useMutation({
    mutationFn: () => {
      const body = { name, icon: icon || undefined, description: description || undefined, owners: owners.map((one) => one.id) };
      return make<Schemas['Group']>(change('post', '/v1/companies/{company}/groups', { body: body as never }), key);
    },
    onSuccess: (group) => {
      say(`${group.name} is made`);
      void refresh();
      void navigate({ to: '/groups/$group', params: { group: group.id } });
    },
  });
  const wrong = (field: string) => (making.error instanceof Problem ? making.error.errors.find((one) => one.field === field)?.detail : undefined);
  return (
    <Dialog
      title="New group"
      onClose={onClose}
      onSubmit={() => making.mutate()}
      footer={
        <>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="btn primary" disabled={!name.trim() || making.isPending}>
            Make the group
          </button>
        </>
      }
    >
      <div className="row" style={{ alignItems: 'flex-start' }}>
        <div className="field" style={{ width: 74 }}>
          <label htmlFor="ng-icon">Icon</label>
          <input id="ng-icon" className="input" value={icon} onChange={(event) => setIcon(event.target.value)} placeholder="🛠️" maxLength={16} />
        </div>
        <div className="field grow">
          <label htmlFor="ng-name">Name</label>
          <input id="ng-name" className="input" value={name} onChange={(event) => setName(event.target.value)} required maxLength={255} autoFocus aria-invalid={!!wrong('name')} />
          {wrong('name') && <span className="wrong">Name {wrong('name')}</span>}
        </div>
      </div>
      <div className="field">
        <label htmlFor="ng-about">Description</label>
        <textarea id="ng-about" className="area" value={description} onChange={(event) => setDescription(event.target.value)} maxLength={1000} placeholder="Who belongs here, and what it gives them" />
      </div>
      <Picker label="Owners" kinds={['user', 'group']} many value={owners} onChange={setOwners} hint="They may change its members without being administrators." />
      <Wrong error={making.error} />
    </Dialog>
  );
}
