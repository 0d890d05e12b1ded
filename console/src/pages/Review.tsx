/** One review: row by row, keep or end; then close it, and take the evidence along. */
import { useMutation } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { BellRing, Download, ListChecks, Lock, Pencil } from 'lucide-react';
import { useState } from 'react';
import { address, change, make } from '../api/client';
import { learn, refresh, type Schemas, useGet, useList, useRights } from '../api/queries';
import { Who } from '../ui/names';
import { Avatar, Badge, Bones, Choice, Empty, Head, Icon, Note, plural, type Tone, Wrong } from '../ui/parts';
import { ChangeDialog } from '../ui/preview';
import { type Column, Table } from '../ui/table';
import { Day, Time } from '../ui/time';
import { say } from '../ui/toast';
import { EditReview } from './review/EditReview';
import { Light } from './Reviews';

type Row = Schemas['ReviewRow'];
const tones: Record<string, Tone> = { keep: 'good', change: 'warn', remove: 'bad' };
const words: Record<string, string> = { keep: 'keep', change: 'change', remove: 'end' };
const blocks: Record<string, string> = {
  appOwner: 'They own the app, so it can only be kept.', openRequest: 'A request about it is open, so it can only be kept.', held: 'A connection or a rule holds it, so it can only be kept.', gone: 'It is gone already.',
};

export function ReviewPage() {
  const { review: id } = useParams({ from: '/reviews/$review' });
  const { manages, me, writes } = useRights();
  const [which, setWhich] = useState<'undecided' | 'all' | 'remove'>('undecided');
  const [chosen, setChosen] = useState<Set<string>>(new Set());
  const [closes, setCloses] = useState(false);
  const [edits, setEdits] = useState(false);
  const [ends, setEnds] = useState<'keep' | 'remove'>('keep');
  const path = { review: id };
  const found = useGet('/v1/companies/{company}/reviews/{review}', { path });
  const rows = useList('/v1/companies/{company}/reviews/{review}/rows', { path, query: { decision: which === 'all' ? undefined : which } }, true, 100, 500);
  const decide = useMutation({
    mutationFn: ({ ids, decision }: { ids: string[]; decision: 'keep' | 'remove' }) => make<Schemas['DecidedReviewRows']>(change('post', '/v1/companies/{company}/reviews/{review}/rows/decide', { path, body: { rows: ids, decision } })),
    onSuccess: (answer, { ids, decision }) => {
      const left = answer.items.filter((item) => item.problem);
      say(left.length ? `${ids.length - left.length} decided; ${left.length} left out: ${left[0]?.problem?.detail ?? ''}` : `${plural(ids.length, 'row')}: ${words[decision]}`);
      setChosen(new Set());
      void refresh();
    },
  });
  const remind = useMutation({
    mutationFn: () => make<Schemas['Reminded']>(change('post', '/v1/companies/{company}/reviews/{review}/remind', { path })),
    onSuccess: (answer) => say(answer.reviewers.length ? `${plural(answer.reviewers.length, 'reviewer')} reminded` : 'Nobody has anything left to decide'),
  });
  const review = found.data;
  if (found.isError) return <Wrong error={found.error} retry={() => void found.refetch()} />;
  if (!review) return <div className="grid"><Bones /></div>;
  const open = review.status === 'open';
  const leads = writes && (manages || review.owner === me?.user?.id);
  const may = (row: Row) => open && writes && (manages || row.reviewer?.id === me?.user?.id || review.owner === me?.user?.id);
  const toggle = (row: Row) => {
    const next = new Set(chosen);
    if (!next.delete(row.id)) next.add(row.id);
    setChosen(next);
  };
  const columns: Column<Row>[] = [
    { key: 'tick', head: <span className="sr">Choose</span>, width: '20px', cell: (row) => may(row) && row.blocked !== 'gone' && <input type="checkbox" aria-label={`Choose ${row.user?.name ?? 'this row'}`} checked={chosen.has(row.id)} onChange={() => toggle(row)} /> },
    {
      key: 'who',
      head: 'Who',
      width: 'minmax(140px, 2fr)',
      cell: (row) => {
        if (!row.user) return <span className="faint">erased</span>;
        learn(row.user.id, row.user.name, 'user');
        return (
          <div className="row">
            <Avatar name={row.user.name} />
            <Link className="link cut" to="/users/$user" params={{ user: row.user.id }} style={{ fontWeight: 550 }}>
              {row.user.name}
            </Link>
          </div>
        );
      },
    },
    {
      key: 'what',
      head: review.of === 'groups' ? 'Is in' : 'Has',
      width: 'minmax(120px, 2fr)',
      cell: (row) => (
        <span className="row">
          <Link className="link cut" to={review.of === 'groups' ? '/groups/$group' : '/apps/$app'} params={{ group: row.about.id, app: row.about.id } as never}>
            {row.about.name}
          </Link>
          {row.permissionLevel && <Badge>{row.permissionLevel.name}</Badge>}
        </span>
      ),
    },
    { key: 'by', head: 'In the hands of', width: 'minmax(100px, 1.5fr)', wide: true, cell: (row) => <div className="cut muted">{row.reviewer?.name ?? 'administrators'}</div> },
    {
      key: 'state',
      head: 'Decision',
      width: '150px',
      wide: true,
      cell: (row) => (
        <span className="row">
          {row.decision ? <Badge tone={tones[row.decision]} title={row.comment ?? ''}>{words[row.decision]}</Badge> : <span className="faint">none yet</span>}
          {row.blocked && <Badge icon={Lock} title={blocks[row.blocked]}>{row.blocked === 'gone' ? 'gone' : 'held'}</Badge>}
          {row.outcome && <Badge>{row.outcome}</Badge>}
        </span>
      ),
    },
    {
      key: 'act',
      head: <span className="sr">Decide</span>,
      width: '116px',
      end: true,
      cell: (row) =>
        may(row) && (
          <div className="acts">
            <button type="button" className="btn small" disabled={decide.isPending || row.decision === 'keep'} onClick={() => decide.mutate({ ids: [row.id], decision: 'keep' })}>
              Keep
            </button>
            <button type="button" className="btn small" disabled={decide.isPending || row.decision === 'remove' || !!row.blocked} onClick={() => decide.mutate({ ids: [row.id], decision: 'remove' })}>
              End
            </button>
          </div>
        ),
    },
  ];
  const done = review.rows ? Math.round(((review.rows - review.counts.undecided) / review.rows) * 100) : 100;
  return (
    <>
      <Head
        crumbs={<Link to="/reviews">Reviews</Link>}
        title={review.name}
        sub={
          <span className="row wrap">
            <Light review={review} />
            <span>{review.of === 'groups' ? 'memberships' : 'access to apps'}</span>
            <span className="faint">{open ? <>due <Time at={review.dueAt} /></> : <>closed <Day at={review.closedAt} /></>}</span>
            {review.intervalDays && <Badge>every {plural(review.intervalDays, 'day')}</Badge>}
            <span className="faint">led by <Who id={review.owner} /></span>
          </span>
        }
        actions={
          <>
            <a className="btn" href={address('/v1/companies/{company}/reviews/{review}/evidence', path, { format: 'csv' })} download={`${review.name}.csv`}>
              <Icon of={Download} /> Evidence
            </a>
            {leads && (open || review.intervalDays) && (
              <button type="button" className="btn" onClick={() => setEdits(true)}>
                <Icon of={Pencil} /> Edit
              </button>
            )}
            {open && leads && (
              <>
                <button type="button" className="btn" onClick={() => remind.mutate()} disabled={remind.isPending}>
                  <Icon of={BellRing} /> Remind
                </button>
                <button type="button" className="btn primary" onClick={() => setCloses(true)}>
                  Close…
                </button>
              </>
            )}
          </>
        }
      />
      <div className="stack">
        {review.note && <Note>{review.note}</Note>}
        <div className="row gap-lg small wrap">
          <div className="bar" style={{ flex: '1 1 200px' }} role="progressbar" aria-label="Rows decided" aria-valuenow={done} aria-valuemin={0} aria-valuemax={100}>
            <i style={{ width: `${done}%` }} />
          </div>
          <span className="num muted">
            {review.counts.undecided.toLocaleString()} undecided · {review.counts.keep.toLocaleString()} keep · {review.counts.change.toLocaleString()} change · {review.counts.remove.toLocaleString()} end
          </span>
        </div>
        <Wrong error={decide.error ?? remind.error ?? rows.error} />
        <div className="tools" style={{ margin: 0 }}>
          <Choice label="Which rows" value={which} options={[['undecided', 'Undecided'], ['remove', 'To be ended'], ['all', 'All']]} onChange={setWhich} />
          <span className="grow" />
          {chosen.size > 0 && (
            <>
              <span className="small muted" aria-live="polite">{plural(chosen.size, 'row')} chosen</span>
              <button type="button" className="btn" disabled={decide.isPending} onClick={() => decide.mutate({ ids: [...chosen], decision: 'keep' })}>
                Keep them
              </button>
              <button type="button" className="btn danger" disabled={decide.isPending} onClick={() => decide.mutate({ ids: [...chosen], decision: 'remove' })}>
                End them
              </button>
            </>
          )}
        </div>
        <Table
          label="Rows"
          tall
          columns={columns}
          rows={rows.items as Row[]}
          id={(row) => row.id}
          more={rows.hasNextPage}
          onMore={() => !rows.isFetchingNextPage && void rows.fetchNextPage()}
          loading={rows.isPending}
          empty={<Empty icon={ListChecks} title={which === 'undecided' ? 'All is decided' : 'No rows'}>{which === 'undecided' && open && leads ? 'Close the review, and what is to end will end.' : undefined}</Empty>}
        />
      </div>
      {edits && <EditReview review={review} onClose={() => setEdits(false)} />}
      {closes && (
        <ChangeDialog title={`Close ${review.name}?`} verb="Close it" danger={review.counts.remove > 0 || ends === 'remove'} done={`${review.name} is closed`} change={change('post', '/v1/companies/{company}/reviews/{review}/close', { path, body: { undecided: ends } })} onClose={() => setCloses(false)}>
          <p className="small muted">What was decided is carried out at once: {plural(review.counts.remove, 'row')} would be ended, {review.counts.change.toLocaleString()} changed.</p>
          {review.counts.undecided > 0 && (
            <div className="field">
              <span className="label">The {plural(review.counts.undecided, 'row')} that nobody decided</span>
              <Choice label="Undecided rows" value={ends} options={[['keep', 'are kept'], ['remove', 'are ended']]} onChange={setEnds} />
            </div>
          )}
        </ChangeDialog>
      )}
    </>
  );
}
