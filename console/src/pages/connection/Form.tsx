/** Makes a connection, or edits one: what it may do here, and for LDAP where the source is. */
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { change } from '../../api/client';
import { type Schemas, useName } from '../../api/queries';
import { Ask, Field } from '../../ui/ask';
import { Choice, Note } from '../../ui/parts';
import { Picker, type Picked } from '../../ui/picker';
import { type LdapFields, LdapSettings, fromFields, place, toFields } from './Ldap';

type Connection = Schemas['Connection'];
type Settings = Record<string, unknown>;

const schedules = [
  ['everyMinutes', 'Run every', 'minutes', 'by hand only'],
  ['fullEveryHours', 'All of it every', 'hours', '24'],
  ['driftEveryHours', 'Look for drift every', 'hours', 'on demand'],
] as const;

export function ConnectionForm({ connection, onClose }: { connection?: Connection; onClose: () => void }) {
  const navigate = useNavigate();
  const stood = (connection?.settings ?? {}) as Settings;
  const [kind, setKind] = useState(connection?.kind ?? 'scim');
  const [name, setName] = useState(connection?.name ?? '');
  const [oneWay, setOneWay] = useState(connection?.oneWay ?? true);
  const [adopt, setAdopt] = useState<Schemas['Adoption']>(connection?.adopt ?? 'none');
  const [owner, setOwner] = useState<Picked[]>();
  const held = useName(connection?.owner);
  const [brake, setBrake] = useState({ members: connection?.brakeMembers?.toString() ?? '', percent: connection?.brakePercent?.toString() ?? '' });
  const [ldap, setLdap] = useState<LdapFields>(() => toFields(stood));
  const [secret, setSecret] = useState('');
  const [times, setTimes] = useState<Record<string, string>>(() => Object.fromEntries(schedules.map(([key]) => [key, typeof stood[key] === 'number' ? String(stood[key]) : ''])));
  const pulled = kind === 'ldap';
  const timed = Object.fromEntries(Object.entries(times).filter(([key, value]) => value && (pulled || key === 'driftEveryHours')).map(([key, value]) => [key, Number(value)]));
  // What other kinds were told, and no field here knows, stays as it is.
  const rest = pulled ? {} : Object.fromEntries(Object.entries(stood).filter(([key]) => !schedules.some(([known]) => known === key)));
  const settings: Settings = { ...rest, ...(pulled ? fromFields(ldap) : {}), ...timed };
  const moved = !!connection && pulled && place(settings) !== place(stood);
  const body = {
    name: name.trim(),
    oneWay,
    adopt,
    owner: owner ? (owner[0]?.id ?? null) : (connection?.owner ?? null),
    settings,
    brakeMembers: brake.members ? Number(brake.members) : null,
    brakePercent: brake.percent ? Number(brake.percent) : null,
    ...(secret && { secret }),
  };
  const asked = connection
    ? change('patch', '/v1/companies/{company}/connections/{connection}', { path: { connection: connection.id }, body: body as never })
    : change('post', '/v1/companies/{company}/connections', { body: { ...body, kind } as never });
  const ready = body.name && (!pulled || (ldap.users.base?.trim() && /^ldaps?:\/\/./.test(ldap.url)));
  const shown = owner ?? (connection?.owner ? [{ id: connection.owner, name: held?.name ?? '…', type: 'user' as const }] : []);
  return (
    <Ask
      title={connection ? `Edit ${connection.name}` : 'New connection'}
      verb={connection ? 'Save' : 'Connect'}
      done={connection ? `${body.name} is changed` : `${body.name} is connected`}
      wide
      change={ready ? asked : undefined}
      onClose={onClose}
      onDone={(made) => !connection && void navigate({ to: '/connections/$connection', params: { connection: (made as Connection).id } })}
    >
      {!connection && (
        <div className="row wrap">
          <Choice label="How it speaks" value={kind} options={[['scim', 'SCIM'], ['ldap', 'LDAP']]} onChange={setKind} />
          <span className="small muted">{pulled ? 'Guildhall reads the directory.' : 'The identity provider pushes to us.'}</span>
        </div>
      )}
      <Field id="nc-name" label="Name">
        <input id="nc-name" className="input" value={name} onChange={(event) => setName(event.target.value)} required maxLength={255} placeholder={pulled ? 'Directory' : 'Okta'} autoFocus />
      </Field>
      {pulled && (
        <>
          <LdapSettings value={ldap} onChange={setLdap} />
          <Field id="nc-secret" label="Password of the bind DN" hint={connection ? (moved ? 'It leads elsewhere now, so the password must be given again where there is one.' : 'The one there is stays when this is left empty.') : 'Kept sealed, and never shown again.'}>
            <input id="nc-secret" className="input" type="password" autoComplete="new-password" value={secret} maxLength={4096} onChange={(event) => setSecret(event.target.value)} />
          </Field>
        </>
      )}
      <div className="trio">
        {schedules.filter(([key]) => pulled || key === 'driftEveryHours').map(([key, label, unit, none]) => (
          <Field key={key} id={`nc-${key}`} label={`${label} … ${unit}`}>
            <input id={`nc-${key}`} className="input" type="number" min={1} placeholder={none} value={times[key] ?? ''} onChange={(event) => setTimes({ ...times, [key]: event.target.value })} />
          </Field>
        ))}
      </div>
      <div className="pair">
        <Field id="nc-adopt" label="It may take over what is here already">
          <select id="nc-adopt" className="select" style={{ width: '100%' }} value={adopt} onChange={(event) => setAdopt(event.target.value as Schemas['Adoption'])}>
            <option value="none">nothing</option>
            <option value="users">people, by their address</option>
            <option value="groups">groups, by their name</option>
            <option value="all">people and groups</option>
          </select>
        </Field>
        <Picker label="Looked after by" kinds={['user']} value={shown} onChange={setOwner} />
      </div>
      <label className="check">
        <input type="checkbox" checked={oneWay} onChange={(event) => setOneWay(event.target.checked)} />
        <span>
          Its groups’ members are kept by it alone
          <span className="hint xs faint" style={{ display: 'block' }}>
            Nobody edits them by hand here.
          </span>
        </span>
      </label>
      <div className="pair">
        <Field id="nc-bm" label="Brake: members at once" hint="The company’s setting when left empty.">
          <input id="nc-bm" className="input" type="number" min={1} max={100000} value={brake.members} onChange={(event) => setBrake({ ...brake, members: event.target.value })} />
        </Field>
        <Field id="nc-bp" label="Brake: percent of a group">
          <input id="nc-bp" className="input" type="number" min={1} max={100} value={brake.percent} onChange={(event) => setBrake({ ...brake, percent: event.target.value })} />
        </Field>
      </div>
      {!connection && <Note>{pulled ? 'Then make a trial run on its page: it tells what would change, and changes nothing.' : 'Then make a key for it under Keys, and give its token to the identity provider.'}</Note>}
    </Ask>
  );
}
