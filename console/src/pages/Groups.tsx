/** Every group: found as one types, filtered, sorted, however many there are. */
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { Archive, Cable, FunctionSquare, Plus, Search, UsersRound } from 'lucide-react';
import { useDeferredValue, useMemo, useState } from 'react';
import { learn, type Schemas, useList, useRights } from '../api/queries';
import { Avatar, Badge, Choice, Empty, Head, Icon, SearchBox, Wrong } from '../ui/parts';
import { type Column, Table } from '../ui/table';
import { Day } from '../ui/time';
import { GROUPS, ofGroups } from './listings';
import { NewGroup } from './group/NewGroup';

type Row = Schemas['ListedGroup'];

export function Kind({ group }: { group: Schemas['Group'] }) {
  if (group.state === 'archived') return <Badge icon={Archive} tone="warn">Archived</Badge>;
  if (group.rule) return <Badge icon={FunctionSquare} tone="violet">Rule</Badge>;
  if (group.source) return <Badge icon={Cable} tone="info" title={`Kept by ${group.source}`}>{group.source}</Badge>;
  return <Badge>By hand</Badge>;
}

const columns: Column<Row>[] = [
  {
    key: 'name',
    head: 'Name',
    width: 'minmax(180px, 3fr)',
    sort: 'name',
    cell: (row) => (
      <div className="row">
        <Avatar name={row.name} group icon={row.icon} />
        <Link className="cover cut" to="/groups/$group" params={{ group: row.id }} style={{ fontWeight: 550 }}>
          {row.name}
        </Link>
      </div>
    ),
  },
  { key: 'about', head: 'Description', width: 'minmax(120px, 4fr)', wide: true, cell: (row) => <div className="cut muted">{row.description}</div> },
  { key: 'kind', head: 'Members come', width: '116px', wide: true, cell: (row) => <Kind group={row} /> },
  {
    key: 'members',
    head: 'Members',
    width: '84px',
    end: true,
    cell: (row) =>
      row.members ? (
        <span className="num" title={`${row.members.direct.toLocaleString()} direct, ${row.members.effective.toLocaleString()} with nesting`}>
          {row.members.effective.toLocaleString()}
        </span>
      ) : (
        <span className="faint">–</span>
      ),
  },
  { key: 'created', head: 'Made', width: '104px', wide: true, end: true, sort: 'createdAt', cell: (row) => <span className="muted"><Day at={row.createdAt} /></span> },
];

export function Groups() {
  const search = useSearch({ from: '/groups' });
  const navigate = useNavigate({ from: '/groups' });
  const { manages } = useRights();
  const [text, setText] = useState(search.q ?? '');
  const q = useDeferredValue(text.trim());
  const state = search.state === 'archived' ? 'archived' : 'live';
  const kind = search.kind ?? 'all';
  const sort = search.sort ?? 'name';
  const found = useList(GROUPS, ofGroups({ q, state, sort }));
  const set = (part: object) => void navigate({ search: (before) => ({ ...before, ...part }), replace: true });

  // What is held already is sorted out at once; what the server finds takes its place when it is there.
  const folded = q.toLocaleLowerCase();
  const rows = useMemo(() => {
    let kept = found.items as Row[];
    if (found.isPlaceholderData && folded) kept = kept.filter((row) => `${row.name} ${row.description ?? ''}`.toLocaleLowerCase().includes(folded));
    if (kind === 'rule') kept = kept.filter((row) => row.rule);
    if (kind === 'synced') kept = kept.filter((row) => row.source);
    if (kind === 'hand') kept = kept.filter((row) => !row.source && !row.rule);
    for (const row of kept) learn(row.id, row.name, 'group');
    return kept;
  }, [found.items, found.isPlaceholderData, folded, kind]);
  const narrowed = kind !== 'all' || (found.isPlaceholderData && folded !== '');

  return (
    <>
      <Head
        title="Groups"
        actions={
          manages && (
            <button type="button" className="btn primary" onClick={() => set({ new: true })}>
              <Icon of={Plus} /> New group
            </button>
          )
        }
      />
      <div className="tools">
        <SearchBox
          label="Search groups by name or description"
          placeholder="Search by name or description"
          value={text}
          onChange={(to) => {
            setText(to);
            set({ q: to.trim() || undefined });
          }}
        />
        <Choice label="How members come" value={kind} options={[['all', 'All'], ['hand', 'By hand'], ['rule', 'Rule'], ['synced', 'Synced']]} onChange={(to) => set({ kind: to === 'all' ? undefined : to })} />
        <Choice label="State" value={state} options={[['live', 'Live'], ['archived', 'Archived']]} onChange={(to) => set({ state: to === 'live' ? undefined : to })} />
      </div>
      <Wrong error={found.error} retry={() => void found.refetch()} />
      <Table
        label="Groups"
        columns={columns}
        rows={rows}
        id={(row) => row.id}
        total={narrowed ? undefined : found.total}
        more={found.hasNextPage}
        onMore={() => !found.isFetchingNextPage && void found.fetchNextPage()}
        sort={sort}
        onSort={(to) => set({ sort: to === 'name' ? undefined : to })}
        loading={found.isPending || (found.isPlaceholderData && rows.length === 0)}
        links
        empty={
          q ? (
            <Empty icon={Search} title="No group fits">
              No group has “{q}” in its name or description. Try fewer letters, or look among the archived ones.
            </Empty>
          ) : kind !== 'all' && found.items.length > 0 ? (
            <Empty icon={UsersRound} title="None of this kind">The groups there are come by their members another way.</Empty>
          ) : state === 'archived' ? (
            <Empty icon={Archive} title="Nothing is archived">Deleted groups rest here until they are purged, and can be restored meanwhile.</Empty>
          ) : (
            <Empty
              icon={UsersRound}
              title="No groups yet"
              action={
                manages && (
                  <button type="button" className="btn primary" onClick={() => set({ new: true })}>
                    <Icon of={Plus} /> New group
                  </button>
                )
              }
            >
              A group gathers people and gives them roles and apps. Make the first one, connect a directory, or import a file with <code>guildhall import</code>.
            </Empty>
          )
        }
      />
      {search.new && manages && <NewGroup onClose={() => set({ new: undefined })} />}
    </>
  );
}
