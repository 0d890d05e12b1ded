/** What a connection of kind `ldap` needs to know, as fields. */
import { useId } from 'react';
import { Field } from '../../ui/ask';

/** The settings as the fields have them: texts, so that each can be half written. */
export interface LdapFields {
  url: string;
  startTls: boolean;
  caCertificate: string;
  server: string;
  bindDn: string;
  pageSize: string;
  users: Record<string, string>;
  attributes: string;
  groups: Record<string, string>;
  nested: boolean;
}

type Settings = Record<string, unknown>;
const text = (value: unknown) => (typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '');
const part = (value: unknown) => (value && typeof value === 'object' ? (value as Settings) : {});

/** What stands in the fields for settings that there are. */
export function toFields(settings: Settings): LdapFields {
  const [users, groups] = [part(settings.users), part(settings.groups)];
  const texts = (of: Settings) => Object.fromEntries(Object.entries(of).filter(([, value]) => typeof value === 'string')) as Record<string, string>;
  return {
    url: text(settings.url) || 'ldaps://',
    startTls: settings.startTls === true,
    caCertificate: text(settings.caCertificate),
    server: text(settings.server) || 'openldap',
    bindDn: text(settings.bindDn),
    pageSize: text(settings.pageSize),
    users: texts(users),
    attributes: Object.entries(part(users.attributes)).map(([here, there]) => `${here} = ${String(there)}`).join('\n'),
    groups: { ...texts(groups), members: Array.isArray(groups.members) ? groups.members.join(', ') : '' },
    nested: groups.nested !== false,
  };
}

/** The settings that the fields say; what is left empty is left to the kind of server. */
export function fromFields(of: LdapFields): Settings {
  const filled = (texts: Record<string, string>) => Object.fromEntries(Object.entries(texts).filter(([, value]) => value.trim()).map(([key, value]) => [key, value.trim()])) as Settings;
  const pairs = of.attributes
    .split('\n')
    .map((line) => line.split('=').map((word) => word.trim()))
    .filter((pair): pair is [string, string] => pair.length === 2 && !!pair[0] && !!pair[1]);
  const { members, ...groups } = filled(of.groups);
  const listed = String(members ?? '').split(/[\s,]+/).filter(Boolean);
  return {
    ...filled({ url: of.url, server: of.server, bindDn: of.bindDn, caCertificate: of.caCertificate }),
    ...(of.startTls && { startTls: true }),
    ...(of.pageSize && { pageSize: Number(of.pageSize) }),
    users: { ...filled(of.users), ...(pairs.length > 0 && { attributes: Object.fromEntries(pairs) }) },
    // Without a base no groups are read.
    ...(groups.base ? { groups: { ...groups, ...(listed.length > 0 && { members: listed }), ...(!of.nested && { nested: false }) } } : {}),
  };
}

/** Where the server is and who reads it: what a secret must be given again for. */
export function place(of: Settings) {
  return JSON.stringify([of.url, of.startTls === true, of.caCertificate ?? null, of.bindDn ?? null]);
}

const people: [string, string, string][] = [
  ['filter', 'Which entries', 'people of the kind of server'],
  ['key', 'What names one for ever', 'entryUUID, objectGUID …'],
  ['userName', 'Sign-in name', 'uid, userPrincipalName …'],
  ['email', 'E-mail address', 'mail'],
  ['name', 'Name', 'cn, displayName …'],
  ['givenName', 'Given name', 'givenName'],
  ['familyName', 'Family name', 'sn'],
  ['manager', 'Manager', 'manager'],
];
const ofGroups: [string, string, string][] = [
  ['filter', 'Which entries', 'groups of the kind of server'],
  ['key', 'What names one for ever', 'entryUUID, objectGUID …'],
  ['name', 'Name', 'cn'],
  ['description', 'Description', 'description'],
  ['members', 'Members', 'member, uniqueMember, memberUid'],
];

export function LdapSettings({ value, onChange }: { value: LdapFields; onChange: (to: LdapFields) => void }) {
  const id = useId();
  const set = (to: Partial<LdapFields>) => onChange({ ...value, ...to });
  const line = (which: 'users' | 'groups', [key, label, hint]: [string, string, string], required = false) => (
    <Field key={key} id={`${id}-${which}-${key}`} label={label}>
      <input id={`${id}-${which}-${key}`} className="input" spellCheck={false} value={value[which][key] ?? ''} placeholder={hint} required={required} onChange={(event) => set({ [which]: { ...value[which], [key]: event.target.value } })} />
    </Field>
  );
  return (
    <>
      <div className="pair">
        <Field id={`${id}-url`} label="Address" hint="ldaps://HOST, or ldap://HOST with StartTLS.">
          <input id={`${id}-url`} className="input" spellCheck={false} value={value.url} required onChange={(event) => set({ url: event.target.value })} />
        </Field>
        <Field id={`${id}-server`} label="Kind of server" hint="Decides what is left empty below.">
          <select id={`${id}-server`} className="select" style={{ width: '100%' }} value={value.server} onChange={(event) => set({ server: event.target.value })}>
            <option value="openldap">OpenLDAP and others by the standard</option>
            <option value="389ds">389 Directory Server</option>
            <option value="ad">Active Directory</option>
            <option value="freeipa">FreeIPA</option>
          </select>
        </Field>
      </div>
      {value.url.startsWith('ldap:') && (
        <label className="check">
          <input type="checkbox" checked={value.startTls} onChange={(event) => set({ startTls: event.target.checked })} /> Encrypt with StartTLS before anything is said
        </label>
      )}
      <Field id={`${id}-bind`} label="Who reads (bind DN)">
        <input id={`${id}-bind`} className="input" spellCheck={false} value={value.bindDn} placeholder="cn=guildhall,ou=services,dc=example,dc=com" onChange={(event) => set({ bindDn: event.target.value })} />
      </Field>
      <div className="pair">
        {line('users', ['base', 'People are below', 'ou=people,dc=example,dc=com'], true)}
        {line('groups', ['base', 'Groups are below', 'none are read when left empty'])}
      </div>
      <details className="more">
        <summary>Which attribute of a person is what</summary>
        <div className="pair">{people.map((one) => line('users', one))}</div>
        <Field id={`${id}-attributes`} label="Further attributes, for rules" hint="One a line: the name here = the attribute there.">
          <textarea id={`${id}-attributes`} className="area mono" rows={3} spellCheck={false} value={value.attributes} placeholder="department = departmentNumber" onChange={(event) => set({ attributes: event.target.value })} />
        </Field>
      </details>
      <details className="more">
        <summary>Which attribute of a group is what</summary>
        <div className="pair">{ofGroups.map((one) => line('groups', one))}</div>
        <label className="check">
          <input type="checkbox" checked={value.nested} onChange={(event) => set({ nested: event.target.checked })} /> Groups inside groups are nested here too
        </label>
      </details>
      <details className="more">
        <summary>Certificates and page size</summary>
        <Field id={`${id}-ca`} label="Certificates that are believed" hint="PEM; those of the system when left empty.">
          <textarea id={`${id}-ca`} className="area mono" rows={3} spellCheck={false} value={value.caCertificate} onChange={(event) => set({ caCertificate: event.target.value })} />
        </Field>
        <Field id={`${id}-page`} label="Entries asked for at a time">
          <input id={`${id}-page`} className="input" type="number" min={1} max={5000} placeholder="500" value={value.pageSize} onChange={(event) => set({ pageSize: event.target.value })} />
        </Field>
      </details>
    </>
  );
}
