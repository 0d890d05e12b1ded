/** Reviews: are these memberships and accesses still right? */
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { ListChecks, Plus } from 'lucide-react';
import { useState } from 'react';
import { change } from '../api/client';
import { type Schemas, useList, useRights } from '../api/queries';
import { Ask, Field } from '../ui/ask';
import { Badge, Choice, Empty, Head, Icon, type Tone, Wrong } from '../ui/parts';
import { Picker, type Picked } from '../ui/picker';
import { type Column, Table } from '../ui/table';
import { fromField, Time, toField } from '../ui/time';

type Row = Schemas['Review'];
export const lightTones: Record<string, Tone> = { green: 'good', yellow: 'warn', red: 'bad' };
const lights: Record<string, string> = { green: 'on track', yellow: 'due soon', red: 'overdue' };

/** How well a review goes, never by colour alone. */
export function Light({ review }: { review: Row }) {
  if (review.status === 'closed') return <Badge tone={review.light === 'red' ? 'bad' : 'plain'}>{review.light === 'red' ? 'closed, undecided' : 'closed'}</Badge>;
  return <Badge tone={lightTones[review.light]}>{lights[review.light] ?? review.light}</Badge>;
}

const columns: Column<Row>[] = [
  {
    key: 'name',
    head: 'Name',
    width: 'minmax(160px, 3fr)',
    cell: (row) => (
      <Link className="cover cut" to="/reviews/$review" params={{ review: row.id }} style={{ fontWeight: 550 }}>
        {row.name}
      </Link>
    ),
  },
  { key: 'of', head: 'Looks through', width: '130px', wide: true, cell: (row) => <span className="muted">{row.of === 'groups' ? 'memberships' : 'access to apps'}</span> },
  { key: 'light', head: 'State', width: '120px', cell: (row) => <Light review={row} /> },
  { key: 'rows', head: 'Decided', width: '110px', wide: true, end: true, cell: (row) => <span className="num">{(row.rows - row.counts.undecided).toLocaleString()} of {row.rows.toLocaleString()}</span> },
  { key: 'due', head: 'Due', width: '110px', end: true, cell: (row) => <span className="muted"><Time at={row.dueAt} /></span> },
];

export function Reviews() {
  const search = useSearch({ from: '/reviews' });
  const navigate = useNavigate({ from: '/reviews' });
  const { manages, me } = useRights();
  const [asks, setAsks] = useState(false);
  const status = search.status ?? 'open';
  const query = { status: status === 'all' ? undefined : status, reviewer: search.mine ? me?.user?.id : undefined };
  const found = useList('/v1/companies/{company}/reviews', { query }, !!me);
  return (
    <>
      <Head
        title="Reviews"
        sub="Every so often somebody looks at who has what, and says whether it is still right."
        actions={
          manages && (
            <button type="button" className="btn primary" onClick={() => setAsks(true)}>
              <Icon of={Plus} /> New review
            </button>
          )
        }
      />
      <div className="tools">
        <Choice label="Status" value={status} options={[['open', 'Open'], ['closed', 'Closed'], ['all', 'All']]} onChange={(to) => void navigate({ search: (before) => ({ ...before, status: to === 'open' ? undefined : to }), replace: true })} />
        <Choice label="Whose" value={search.mine ? 'mine' : 'all'} options={[['all', 'All'], ['mine', 'With rows for me']]} onChange={(to) => void navigate({ search: (before) => ({ ...before, mine: to === 'mine' || undefined }), replace: true })} />
      </div>
      <Wrong error={found.error} retry={() => void found.refetch()} />
      <Table
        label="Reviews"
        columns={columns}
        rows={found.items as Row[]}
        id={(row) => row.id}
        more={found.hasNextPage}
        onMore={() => !found.isFetchingNextPage && void found.fetchNextPage()}
        loading={found.isPending}
        links
        empty={
          <Empty icon={ListChecks} title="No reviews">
            A review hands every membership of some groups, or every access to some apps, to whoever knows best, until a day. What they end is ended when it closes.
          </Empty>
        }
      />
      {asks && <NewReview onClose={() => setAsks(false)} />}
    </>
  );
}

function NewReview({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('');
  const [of, setOf] = useState<'groups' | 'apps'>('groups');
  const [reviewers, setReviewers] = useState('groupOwner');
  const [things, setThings] = useState<Picked[]>([]);
  const [due, setDue] = useState(toField(new Date(Date.now() + 14 * 86_400_000)));
  const [every, setEvery] = useState('');
  const body = { name, of, reviewers, ids: things.map((one) => one.id), dueAt: fromField(due), intervalDays: every ? Number(every) : undefined };
  const choose = (to: 'groups' | 'apps') => {
    setOf(to);
    setThings([]);
    setReviewers(to === 'groups' ? 'groupOwner' : 'appOwner');
  };
  return (
    <Ask title="New review" verb="Begin it" done={`${name} has begun`} change={name.trim() && body.dueAt ? change('post', '/v1/companies/{company}/reviews', { body: body as never }) : undefined} onClose={onClose}>
      <Field id="rv-name" label="Name">
        <input id="rv-name" className="input" value={name} onChange={(event) => setName(event.target.value)} required maxLength={255} autoFocus placeholder="Finance, autumn" />
      </Field>
      <div className="field">
        <span className="label">Looks through</span>
        <Choice label="Looks through" value={of} options={[['groups', 'Memberships of groups'], ['apps', 'Access to apps']]} onChange={choose} />
      </div>
      <Picker label={of === 'groups' ? 'Groups' : 'Apps'} kinds={[of === 'groups' ? 'group' : 'app']} many value={things} onChange={setThings} hint="All there are, when left empty." />
      <Field id="rv-who" label="Decided by">
        <select id="rv-who" className="select" value={reviewers} onChange={(event) => setReviewers(event.target.value)}>
          <option value={of === 'groups' ? 'groupOwner' : 'appOwner'}>{of === 'groups' ? 'the owners of each group' : 'the owner of each app'}</option>
          <option value="manager">the manager of each person</option>
          <option value="owner">me</option>
        </select>
      </Field>
      <div className="row" style={{ alignItems: 'flex-start' }}>
        <Field id="rv-due" label="Due">
          <input id="rv-due" className="input" type="datetime-local" value={due} onChange={(event) => setDue(event.target.value)} required />
        </Field>
        <Field id="rv-every" label="Again every" hint="Days; once, when left empty.">
          <input id="rv-every" className="input" type="number" min={1} max={3660} value={every} onChange={(event) => setEvery(event.target.value)} />
        </Field>
      </div>
    </Ask>
  );
}
