/** Every person of the company. */
import { useMutation } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { Plus, Search, UserRound } from 'lucide-react';
import { useDeferredValue, useMemo, useState } from 'react';
import { change, make, Problem } from '../api/client';
import { learn, refresh, type Schemas, useList, useRights } from '../api/queries';
import { Dialog } from '../ui/dialog';
import { Avatar, Badge, Choice, Empty, Head, Icon, SearchBox, type Tone, Wrong } from '../ui/parts';
import { type Column, Table } from '../ui/table';
import { ofUsers, USERS } from './listings';
import { Day } from '../ui/time';
import { say } from '../ui/toast';

type Row = Schemas['User'];
export const statusTones: Record<string, Tone> = { active: 'good', invited: 'info', offboarding: 'warn', inactive: 'plain' };

const columns: Column<Row>[] = [
  {
    key: 'name',
    head: 'Name',
    width: 'minmax(160px, 2fr)',
    sort: 'name',
    cell: (row) => (
      <div className="row">
        <Avatar name={row.name} />
        <Link className="cover cut" to="/users/$user" params={{ user: row.id }} style={{ fontWeight: 550 }}>
          {row.name}
        </Link>
      </div>
    ),
  },
  { key: 'email', head: 'E-mail', width: 'minmax(140px, 3fr)', wide: true, cell: (row) => <div className="cut muted">{row.email}</div> },
  { key: 'status', head: 'Status', width: '96px', cell: (row) => <Badge tone={statusTones[row.status]}>{row.status}</Badge> },
  { key: 'role', head: 'Workspace role', width: '110px', wide: true, cell: (row) => <span className="muted">{row.role}</span> },
  { key: 'created', head: 'Made', width: '104px', wide: true, end: true, sort: 'createdAt', cell: (row) => <span className="muted"><Day at={row.createdAt} /></span> },
];

export function Users() {
  const search = useSearch({ from: '/users' });
  const navigate = useNavigate({ from: '/users' });
  const { manages } = useRights();
  const [text, setText] = useState(search.q ?? '');
  const q = useDeferredValue(text.trim());
  const status = search.status;
  const sort = search.sort ?? 'name';
  const found = useList(USERS, ofUsers({ q, status, sort }));
  const set = (part: object) => void navigate({ search: (before) => ({ ...before, ...part }), replace: true });
  const folded = q.toLocaleLowerCase();
  const rows = useMemo(() => {
    let kept = found.items as Row[];
    if (found.isPlaceholderData && folded) kept = kept.filter((row) => `${row.name} ${row.email} ${row.userName}`.toLocaleLowerCase().includes(folded));
    for (const row of kept) learn(row.id, row.name, 'user');
    return kept;
  }, [found.items, found.isPlaceholderData, folded]);
  return (
    <>
      <Head
        title="Users"
        actions={
          manages && (
            <button type="button" className="btn primary" onClick={() => set({ new: true })}>
              <Icon of={Plus} /> New user
            </button>
          )
        }
      />
      <div className="tools">
        <SearchBox
          label="Search users by name or address"
          placeholder="Search by name or address"
          value={text}
          onChange={(to) => {
            setText(to);
            set({ q: to.trim() || undefined });
          }}
        />
        <Choice label="Status" value={status ?? 'all'} options={[['all', 'All'], ['active', 'Active'], ['invited', 'Invited'], ['offboarding', 'Leaving'], ['inactive', 'Inactive']]} onChange={(to) => set({ status: to === 'all' ? undefined : to })} />
      </div>
      <Wrong error={found.error} retry={() => void found.refetch()} />
      <Table
        label="Users"
        columns={columns}
        rows={rows}
        id={(row) => row.id}
        total={found.isPlaceholderData && folded ? undefined : found.total}
        more={found.hasNextPage}
        onMore={() => !found.isFetchingNextPage && void found.fetchNextPage()}
        sort={sort}
        onSort={(to) => set({ sort: to === 'name' ? undefined : to })}
        loading={found.isPending}
        links
        empty={
          q || status ? (
            <Empty icon={Search} title="Nobody fits">
              Try fewer letters, or another status.
            </Empty>
          ) : (
            <Empty icon={UserRound} title="No users yet">
              Make the first one, connect a directory, or import a file with <code>guildhall import</code>.
            </Empty>
          )
        }
      />
      {search.new && manages && <NewUser onClose={() => set({ new: undefined })} />}
    </>
  );
}

function NewUser({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [role, setRole] = useState('viewer');
  const [key] = useState(() => crypto.randomUUID());
  const making = useMutation({
    mutationFn: () => make<Row>(change('post', '/v1/companies/{company}/users', { body: { name, email, role } as never }), key),
    onSuccess: (user) => {
      say(`${user.name} is made`);
      void refresh();
      void navigate({ to: '/users/$user', params: { user: user.id } });
    },
  });
  const wrong = (field: string) => (making.error instanceof Problem ? making.error.errors.find((one) => one.field === field)?.detail : undefined);
  return (
    <Dialog
      title="New user"
      onClose={onClose}
      onSubmit={() => making.mutate()}
      footer={
        <>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="btn primary" disabled={!name.trim() || !email.trim() || making.isPending}>
            Make the user
          </button>
        </>
      }
    >
      <div className="field">
        <label htmlFor="nu-name">Name</label>
        <input id="nu-name" className="input" value={name} onChange={(event) => setName(event.target.value)} required maxLength={255} autoFocus />
      </div>
      <div className="field">
        <label htmlFor="nu-email">E-mail address</label>
        <input id="nu-email" className="input" type="email" value={email} onChange={(event) => setEmail(event.target.value)} required maxLength={254} aria-invalid={!!wrong('email')} />
        {wrong('email') && <span className="wrong">The address {wrong('email')}</span>}
      </div>
      <div className="field">
        <label htmlFor="nu-role">Workspace role</label>
        <select id="nu-role" className="select" value={role} onChange={(event) => setRole(event.target.value)}>
          <option value="guest">guest – their own tasks, requests and memberships</option>
          <option value="viewer">viewer – reads</option>
          <option value="editor">editor – reads, and edits the members of groups they own</option>
          <option value="admin">admin – everything</option>
        </select>
      </div>
      <Wrong error={making.error} />
    </Dialog>
  );
}
