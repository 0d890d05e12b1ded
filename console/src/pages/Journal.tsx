/** The journal: what happened, by whom and through which door; checked, and taken along. */
import { useMutation } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { Download, FileClock, ShieldCheck } from 'lucide-react';
import { useMemo, useState } from 'react';
import { get } from '../api/client';
import { type Schemas, useList } from '../api/queries';
import { Dialog } from '../ui/dialog';
import { eventIcon, Sentence } from '../ui/events';
import { Who } from '../ui/names';
import { Badge, Empty, Head, Icon, Note, plural, Wrong } from '../ui/parts';
import { Picker } from '../ui/picker';
import { useName } from '../api/queries';
import { type Column, Table } from '../ui/table';
import { exactly, Time } from '../ui/time';

type Event = Schemas['Event'];
/** The most lines that one file takes along. */
const MOST = 100_000;

async function exported(subject: string | undefined, tell: (lines: number) => void) {
  const lines: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await get('/v1/companies/{company}/events', { query: { limit: 1000, cursor, subject } });
    for (const event of page.items) lines.push(JSON.stringify(event));
    cursor = page.next ?? undefined;
    tell(lines.length);
  } while (cursor && lines.length < MOST);
  const file = URL.createObjectURL(new Blob([`${lines.join('\n')}\n`], { type: 'application/jsonl' }));
  const link = document.createElement('a');
  link.href = file;
  link.download = 'journal.jsonl';
  link.click();
  setTimeout(() => URL.revokeObjectURL(file), 60_000);
  return { lines: lines.length, cut: !!cursor };
}

export function Journal() {
  const search = useSearch({ from: '/journal' });
  const navigate = useNavigate({ from: '/journal' });
  const name = useName(search.subject);
  const [text, setText] = useState('');
  const [open, setOpen] = useState<Event>();
  const [lines, setLines] = useState(0);
  const found = useList('/v1/companies/{company}/events', { query: { sort: '-revision', subject: search.subject } }, true, 100, 500);
  const verify = useMutation({ mutationFn: () => get('/v1/companies/{company}/events/verification') });
  const exporting = useMutation({ mutationFn: () => exported(search.subject, setLines) });
  const asked = text.trim().toLocaleLowerCase();
  const rows = useMemo(() => {
    const all = found.items as Event[];
    return asked ? all.filter((event) => `${event.kind} ${event.dialect} ${event.actor}`.toLocaleLowerCase().includes(asked)) : all;
  }, [found.items, asked]);
  const columns: Column<Event>[] = [
    { key: 'rev', head: 'No.', width: '56px', wide: true, cell: (event) => <span className="num faint">{event.revision}</span> },
    {
      key: 'what',
      head: 'What happened',
      width: 'minmax(200px, 5fr)',
      cell: (event) => (
        <div className="row" style={{ overflow: 'hidden' }}>
          <Icon of={eventIcon(event.kind)} />
          <span className="cut">
            <Who id={event.actor} /> <Sentence event={event} />
          </span>
        </div>
      ),
    },
    { key: 'kind', head: 'Kind', width: 'minmax(120px, 2fr)', wide: true, cell: (event) => <code className="cut xs muted" style={{ display: 'block' }}>{event.kind}</code> },
    { key: 'door', head: 'Door', width: '96px', wide: true, cell: (event) => <Badge>{event.dialect}</Badge> },
    { key: 'at', head: 'When', width: '104px', end: true, cell: (event) => <span className="muted"><Time at={event.recordedAt} /></span> },
    { key: 'more', head: <span className="sr">Details</span>, width: '70px', end: true, wide: true, cell: (event) => <button type="button" className="btn quiet small" onClick={() => setOpen(event)}>Details</button> },
  ];
  return (
    <>
      <Head
        title="Journal"
        sub="Every change, in order, chained by hashes."
        actions={
          <>
            <button type="button" className="btn" onClick={() => verify.mutate()} disabled={verify.isPending}>
              {verify.isPending ? <span className="spin" aria-hidden="true" /> : <Icon of={ShieldCheck} />} Verify
            </button>
            <button type="button" className="btn" onClick={() => exporting.mutate()} disabled={exporting.isPending}>
              {exporting.isPending ? <span className="spin" aria-hidden="true" /> : <Icon of={Download} />} {exporting.isPending ? `${lines.toLocaleString()} lines…` : 'Export'}
            </button>
          </>
        }
      />
      <div className="stack" style={{ marginBottom: 12 }}>
        <Wrong error={verify.error ?? exporting.error} />
        {verify.data && (
          <Note tone={verify.data.broken ? 'bad' : 'good'} role="status">
            {verify.data.broken ? `A chain is broken: ${verify.data.broken}. Compare with a backup.` : `Both chains are whole: ${plural(verify.data.events, 'event')} and ${plural(verify.data.refusals, 'line')} of refusals were checked.`}
          </Note>
        )}
        {exporting.data?.cut && <Note tone="warn">The file holds the first {MOST.toLocaleString()} lines. Take the rest with GET /v1/companies/…/events.</Note>}
      </div>
      <div className="tools" style={{ alignItems: 'flex-end' }}>
        <div className="search">
          <Icon of={FileClock} />
          <input type="search" className="input" data-search aria-label="Filter by kind, door or actor" placeholder="Filter by kind or door, such as group.members" value={text} onChange={(event) => setText(event.target.value)} />
        </div>
        <div style={{ flex: '1 1 260px', maxWidth: 360 }}>
          <Picker label="Of one user or group" kinds={['group', 'user']} value={search.subject ? [{ id: search.subject, name: name?.name ?? '…', type: 'group' }] : []} onChange={(to) => void navigate({ search: { subject: to[0]?.id }, replace: true })} />
        </div>
      </div>
      <Wrong error={found.error} retry={() => void found.refetch()} />
      <Table
        label="Events"
        tall
        columns={columns}
        rows={rows}
        id={(event) => String(event.revision)}
        more={found.hasNextPage}
        onMore={() => !found.isFetchingNextPage && void found.fetchNextPage()}
        loading={found.isPending}
        height="min(calc(100dvh - 290px), 1200px)"
        empty={<Empty icon={FileClock} title="Nothing fits">{asked ? 'Among the lines that are loaded; clear the filter to see them all.' : 'Nothing has happened yet.'}</Empty>}
      />
      {open && (
        <Dialog title={open.kind} onClose={() => setOpen(undefined)}>
          <dl className="facts">
            <dt>Revision</dt>
            <dd className="num">{open.revision}</dd>
            <dt>By</dt>
            <dd><Who id={open.actor} face /></dd>
            <dt>Credential</dt>
            <dd><code>{open.key ?? '–'}</code></dd>
            <dt>Door</dt>
            <dd>{open.dialect}</dd>
            <dt>True from</dt>
            <dd>{exactly(open.at)}</dd>
            <dt>Recorded</dt>
            <dd>{exactly(open.recordedAt)}</dd>
            <dt>Request</dt>
            <dd><code>{open.requestId}</code></dd>
            <dt>Hash</dt>
            <dd><code>{open.hash}</code></dd>
          </dl>
          <pre className="mono xs" tabIndex={0} style={{ margin: 0, padding: 12, borderRadius: 8, background: 'var(--sunken)', overflow: 'auto', maxHeight: 320 }}>{JSON.stringify(open.data, null, 2)}</pre>
        </Dialog>
      )}
    </>
  );
}
