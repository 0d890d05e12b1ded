/** Keys: who or what may call, how, and until when. */
import { KeyRound, Plus } from 'lucide-react';
import { useState } from 'react';
import { change } from '../api/client';
import { type Schemas, useList, useMe, useRights } from '../api/queries';
import { Ask, Field, Once } from '../ui/ask';
import { Who } from '../ui/names';
import { Badge, Choice, Empty, Head, Icon, Wrong } from '../ui/parts';
import { Picker, type Picked } from '../ui/picker';
import { type Column, Table } from '../ui/table';
import { Day, fromField, Time } from '../ui/time';

type Row = Schemas['Key'];

function Standing({ row }: { row: Row }) {
  if (row.revokedAt) return <Badge>revoked</Badge>;
  if (row.expiresAt && new Date(row.expiresAt) < new Date()) return <Badge>expired</Badge>;
  return <Badge tone="good">works</Badge>;
}

export function Keys() {
  const { manages, me } = useRights();
  const [which, setWhich] = useState<'works' | 'all'>('works');
  const [asks, setAsks] = useState<'new' | { rotate: Row } | { revoke: Row }>();
  const found = useList('/v1/companies/{company}/keys', {}, true, 1000);
  const works = (row: Row) => !row.revokedAt && !(row.expiresAt && new Date(row.expiresAt) < new Date());
  const rows = (found.items as Row[]).filter((row) => which === 'all' || works(row));
  const columns: Column<Row>[] = [
    { key: 'name', head: 'Name', width: 'minmax(120px, 2fr)', cell: (row) => <div className="row"><strong className="cut">{row.name ?? 'unnamed'}</strong>{row.id === me?.key && <Badge tone="accent">yours</Badge>}</div> },
    { key: 'user', head: 'Acts as', width: 'minmax(120px, 2fr)', wide: true, cell: (row) => <div className="cut"><Who id={row.user} /></div> },
    { key: 'access', head: 'May', width: '76px', wide: true, cell: (row) => <Badge tone={row.access === 'write' ? 'warn' : 'plain'}>{row.access}</Badge> },
    { key: 'state', head: 'State', width: '80px', wide: true, cell: (row) => <Standing row={row} /> },
    { key: 'used', head: 'Last used', width: '110px', wide: true, end: true, cell: (row) => <span className="muted"><Time at={row.lastUsedAt} /></span> },
    { key: 'ends', head: 'Expires', width: '110px', wide: true, end: true, cell: (row) => (row.expiresAt ? <Day at={row.expiresAt} /> : <span className="faint">never</span>) },
    {
      key: 'act',
      head: <span className="sr">Change</span>,
      width: '150px',
      end: true,
      cell: (row) =>
        manages &&
        works(row) && (
          <div className="acts">
            <button type="button" className="btn quiet small" onClick={() => setAsks({ rotate: row })}>
              Rotate…
            </button>
            <button type="button" className="btn quiet small" onClick={() => setAsks({ revoke: row })}>
              Revoke…
            </button>
          </div>
        ),
    },
  ];
  const token = (answer: unknown) => {
    const made = answer as Schemas['KeySecret'];
    return made.token ? <Once label="Token, for Authorization: Bearer and for signing in here" secret={made.token} /> : undefined;
  };
  return (
    <>
      <Head
        title="Keys"
        sub="One key works in every dialect. Its rights are those of the user it acts as."
        actions={
          manages && (
            <button type="button" className="btn primary" onClick={() => setAsks('new')}>
              <Icon of={Plus} /> New key
            </button>
          )
        }
      />
      <div className="tools">
        <Choice label="Which keys" value={which} options={[['works', 'In use'], ['all', 'All']]} onChange={setWhich} />
      </div>
      <Wrong error={found.error} retry={() => void found.refetch()} />
      <Table label="Keys" tall columns={columns} rows={rows} id={(row) => row.id} more={found.hasNextPage} onMore={() => !found.isFetchingNextPage && void found.fetchNextPage()} loading={found.isPending} empty={<Empty icon={KeyRound} title="No keys">Make one for each program that calls, so that each can be ended by itself.</Empty>} />
      {asks === 'new' && <NewKey onClose={() => setAsks(undefined)} token={token} />}
      {asks && typeof asks === 'object' && 'rotate' in asks && (
        <Ask title={`Give ${asks.rotate.name ?? 'this key'} a new secret?`} verb="Rotate" done="It has a new secret" change={change('post', '/v1/companies/{company}/keys/{key}/rotate', { path: { key: asks.rotate.id }, body: { overlapSeconds: 3600 } })} onClose={() => setAsks(undefined)} after={token}>
          <p className="small muted">The old one works for an hour more. Sessions of this console that it opened end at once.</p>
        </Ask>
      )}
      {asks && typeof asks === 'object' && 'revoke' in asks && (
        <Ask title={`Revoke ${asks.revoke.name ?? 'this key'}?`} verb="Revoke" danger done="Revoked" change={change('delete', '/v1/companies/{company}/keys/{key}', { path: { key: asks.revoke.id } })} onClose={() => setAsks(undefined)}>
          <p className="small muted">It ends at once and for good, and so do the sessions it opened.{asks.revoke.id === me?.key && ' You are signed in with it: you will be signed out.'}</p>
        </Ask>
      )}
    </>
  );
}

function NewKey({ onClose, token }: { onClose: () => void; token: (answer: unknown) => React.ReactNode }) {
  const me = useMe();
  const [name, setName] = useState('');
  const [user, setUser] = useState<Picked[]>(me?.user ? [{ id: me.user.id, name: me.user.name, type: 'user' }] : []);
  const [access, setAccess] = useState<'read' | 'write'>('read');
  const [connection, setConnection] = useState('');
  const [expires, setExpires] = useState('');
  const connections = useList('/v1/companies/{company}/connections', {}, true, 1000);
  const body = { name: name || undefined, user: user[0]?.id, access, connection: connection || undefined, expiresAt: fromField(expires) };
  return (
    <Ask title="New key" verb="Make the key" done="The key is made" change={body.user ? change('post', '/v1/companies/{company}/keys', { body: body as never }) : undefined} onClose={onClose} after={token}>
      <Field id="nk-name" label="Name" hint="What uses it, such as payroll export.">
        <input id="nk-name" className="input" value={name} onChange={(event) => setName(event.target.value)} maxLength={255} autoFocus />
      </Field>
      <Picker label="Acts as" kinds={['user']} value={user} onChange={setUser} hint="It may do what this person may, and no more." />
      <div className="row" style={{ alignItems: 'flex-start' }}>
        <Field id="nk-access" label="May">
          <select id="nk-access" className="select" value={access} onChange={(event) => setAccess(event.target.value as 'read')}>
            <option value="read">read</option>
            <option value="write">read and write</option>
          </select>
        </Field>
        <Field id="nk-conn" label="Stands for">
          <select id="nk-conn" className="select" value={connection} onChange={(event) => setConnection(event.target.value)}>
            <option value="">no connection</option>
            {connections.items.map((one) => (
              <option key={one.id} value={one.id}>
                {one.name}
              </option>
            ))}
          </select>
        </Field>
        <Field id="nk-until" label="Expires">
          <input id="nk-until" className="input" type="datetime-local" value={expires} onChange={(event) => setExpires(event.target.value)} />
        </Field>
      </div>
    </Ask>
  );
}
