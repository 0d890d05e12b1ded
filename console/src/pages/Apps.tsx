/** The work applications of the company. */
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { AppWindow, Plus, Search } from 'lucide-react';
import { useDeferredValue, useState } from 'react';
import { change } from '../api/client';
import { type Schemas, useList, useRights } from '../api/queries';
import { Ask, Field } from '../ui/ask';
import { Avatar, Badge, Empty, Head, Icon, SearchBox, type Tone, Wrong } from '../ui/parts';
import { type Column, Table } from '../ui/table';
import { Day } from '../ui/time';

type Row = Schemas['App'];
export const appTones: Record<string, Tone> = { Managed: 'good', Discovered: 'info', Tracked: 'info', Requested: 'warn', Restricted: 'bad', Ignored: 'plain', Archived: 'plain' };

const columns: Column<Row>[] = [
  {
    key: 'name',
    head: 'Name',
    width: 'minmax(160px, 2fr)',
    cell: (row) => (
      <div className="row">
        <Avatar name={row.name} group />
        <Link className="cover cut" to="/apps/$app" params={{ app: row.id }} style={{ fontWeight: 550 }}>
          {row.name}
        </Link>
      </div>
    ),
  },
  { key: 'tag', head: 'About', width: 'minmax(120px, 3fr)', wide: true, cell: (row) => <div className="cut muted">{row.tagLine ?? row.description}</div> },
  { key: 'category', head: 'Category', width: '140px', wide: true, cell: (row) => <div className="cut muted">{row.category}</div> },
  { key: 'levels', head: 'Levels', width: '70px', wide: true, end: true, cell: (row) => <span className="num muted">{row.permissionLevels.length}</span> },
  { key: 'status', head: 'Status', width: '100px', cell: (row) => <Badge tone={appTones[row.status]}>{row.status}</Badge> },
  { key: 'made', head: 'Made', width: '104px', wide: true, end: true, cell: (row) => <span className="muted"><Day at={row.createdAt} /></span> },
];

export function Apps() {
  const search = useSearch({ from: '/apps' });
  const navigate = useNavigate({ from: '/apps' });
  const { manages } = useRights();
  const [text, setText] = useState(search.q ?? '');
  const [asks, setAsks] = useState(false);
  const q = useDeferredValue(text.trim());
  const found = useList('/v1/companies/{company}/apps', { query: { q, total: true } });
  const folded = q.toLocaleLowerCase();
  const rows = (found.items as Row[]).filter((row) => !found.isPlaceholderData || `${row.name} ${row.tagLine ?? ''}`.toLocaleLowerCase().includes(folded));
  return (
    <>
      <Head
        title="Apps"
        actions={
          manages && (
            <button type="button" className="btn primary" onClick={() => setAsks(true)}>
              <Icon of={Plus} /> New app
            </button>
          )
        }
      />
      <div className="tools">
        <SearchBox
          label="Search apps"
          placeholder="Search by name"
          value={text}
          onChange={(to) => {
            setText(to);
            void navigate({ search: { q: to.trim() || undefined }, replace: true });
          }}
        />
      </div>
      <Wrong error={found.error} retry={() => void found.refetch()} />
      <Table
        label="Apps"
        columns={columns}
        rows={rows}
        id={(row) => row.id}
        total={found.isPlaceholderData ? undefined : found.total}
        more={found.hasNextPage}
        onMore={() => !found.isFetchingNextPage && void found.fetchNextPage()}
        loading={found.isPending}
        links
        empty={
          q ? (
            <Empty icon={Search} title="No app fits">Try fewer letters.</Empty>
          ) : (
            <Empty icon={AppWindow} title="No apps yet">
              An app that a group holds by default is asked for as people join, and given back as they leave.
            </Empty>
          )
        }
      />
      {asks && <NewApp onClose={() => setAsks(false)} />}
    </>
  );
}

function NewApp({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('');
  const [tagLine, setTagLine] = useState('');
  const [url, setUrl] = useState('');
  const body = { name, tagLine: tagLine || undefined, url: url || undefined };
  return (
    <Ask title="New app" verb="Make the app" done={`${name} is made`} change={name.trim() ? change('post', '/v1/companies/{company}/apps', { body: body as never }) : undefined} onClose={onClose}>
      <Field id="na-name" label="Name">
        <input id="na-name" className="input" value={name} onChange={(event) => setName(event.target.value)} required maxLength={255} autoFocus />
      </Field>
      <Field id="na-tag" label="In a few words">
        <input id="na-tag" className="input" value={tagLine} onChange={(event) => setTagLine(event.target.value)} maxLength={255} />
      </Field>
      <Field id="na-url" label="Address">
        <input id="na-url" className="input" type="url" value={url} onChange={(event) => setUrl(event.target.value)} placeholder="https://" />
      </Field>
    </Ask>
  );
}
