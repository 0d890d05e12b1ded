/** What became of a group: its timeline, a date to travel to, two dates compared, and the way back. */
import { Link } from '@tanstack/react-router';
import { FileClock, History as Past, Undo2 } from 'lucide-react';
import { useMemo, useState } from 'react';
import { change } from '../../api/client';
import { type Schemas, useGet, useList, useNames, useRights } from '../../api/queries';
import { EventLine } from '../../ui/events';
import { Bones, Card, Empty, Icon, Wrong } from '../../ui/parts';
import { ChangeDialog } from '../../ui/preview';
import { exactly, fromField, toField } from '../../ui/time';

export function History({ group }: { group: Schemas['Group'] }) {
  const { manages } = useRights();
  const events = useList('/v1/companies/{company}/events', { query: { subject: group.id, sort: '-revision' } }, true, 50, 200);
  const born = new Date(group.createdAt);
  const [from, setFrom] = useState(() => toField(new Date(Math.max(born.getTime() + 60_000, Date.now() - 7 * 86_400_000))));
  const [to, setTo] = useState('');
  const [back, setBack] = useState(false);
  const [what, setWhat] = useState({ members: true, children: true, record: false });
  const at = fromField(from);
  const query = { from: at ?? '', to: fromField(to) };
  const difference = useGet('/v1/companies/{company}/groups/{group}/difference', { path: { group: group.id }, query }, !!at && group.state !== undefined);
  return (
    <div className="cards">
      <Card title="Timeline" aside={<span className="small faint">newest first</span>}>
        <Wrong error={events.error} />
        {events.isPending && <Bones rows={5} />}
        {events.items.length === 0 && !events.isPending && <Empty icon={FileClock} title="Nothing is recorded yet" />}
        <ol className="timeline">
          {events.items.map((event) => (
            <EventLine
              key={event.revision}
              event={event}
              extra={
                <Link className="btn quiet small icon" to="/groups/$group" params={{ group: group.id }} search={{ at: event.recordedAt }} aria-label={`See the group as of ${exactly(event.recordedAt)}`} title="See the group as it was right after this">
                  <Icon of={Past} />
                </Link>
              }
            />
          ))}
        </ol>
        {events.hasNextPage && (
          <button type="button" className="btn small" onClick={() => void events.fetchNextPage()} disabled={events.isFetchingNextPage}>
            Earlier
          </button>
        )}
      </Card>
      <div className="stack">
        <Card title="Travel and compare">
          <div className="col">
            <div className="pair">
              <div className="field grow">
                <label htmlFor="h-from">Then</label>
                <input id="h-from" className="input" type="datetime-local" value={from} max={toField(new Date())} onChange={(event) => setFrom(event.target.value)} />
              </div>
              <div className="field grow">
                <label htmlFor="h-to">Compared with</label>
                <input id="h-to" className="input" type="datetime-local" value={to} max={toField(new Date())} onChange={(event) => setTo(event.target.value)} aria-describedby="h-hint" />
                <span className="hint" id="h-hint">Now, when left empty.</span>
              </div>
            </div>
            <div className="row wrap">
              <Link className="btn" to="/groups/$group" params={{ group: group.id }} search={{ at }} disabled={!at}>
                <Icon of={Past} /> See it as it was
              </Link>
              {manages && group.state === 'live' && (
                <button type="button" className="btn" disabled={!at} onClick={() => setBack(true)}>
                  <Icon of={Undo2} /> Put it back…
                </button>
              )}
            </div>
            <Wrong error={difference.error} />
            {difference.data && <Difference told={difference.data} />}
          </div>
        </Card>
      </div>
      {back && at && (
        <ChangeDialog
          title={`Put ${group.name} back?`}
          verb="Put back"
          done={`${group.name} is as it was`}
          change={what.members || what.children || what.record ? change('post', '/v1/companies/{company}/groups/{group}/put-back', { path: { group: group.id }, body: { at, ...what } }) : undefined}
          onClose={() => setBack(false)}
        >
          <p className="small muted">To what it was on {exactly(at)}.</p>
          {(
            [
              ['members', 'Its direct members'],
              ['children', 'The groups inside it'],
              ['record', 'Its name, description and icon'],
            ] as const
          ).map(([key, words]) => (
            <label className="check" key={key}>
              <input type="checkbox" checked={what[key]} onChange={(event) => setWhat({ ...what, [key]: event.target.checked })} /> {words}
            </label>
          ))}
        </ChangeDialog>
      )}
    </div>
  );
}

function Difference({ told }: { told: Schemas['GroupDifference'] }) {
  const ids = useMemo(() => [...told.effective.joined, ...told.effective.left, ...told.children.joined, ...told.children.left].slice(0, 300), [told]);
  const names = useNames(ids);
  const called = (list: string[]) => list.slice(0, 20).map((id) => names.get(id)?.name ?? '…').join(', ') + (list.length > 20 ? ` and ${list.length - 20} more` : '');
  const record = (['name', 'description', 'icon', 'rule', 'defaultDays', 'longestDays', 'state'] as const).filter((key) => told.before?.[key] !== told.after?.[key]);
  const lines: [string, string, 'plus' | 'minus'][] = [
    ['Came', called(told.effective.joined), 'plus'],
    ['Left', called(told.effective.left), 'minus'],
    ['Put inside', called(told.children.joined), 'plus'],
    ['Taken out', called(told.children.left), 'minus'],
  ];
  const shown = lines.filter(([, words]) => words);
  if (shown.length === 0 && record.length === 0) return <p className="small muted" aria-live="polite">Nothing is different between the two.</p>;
  return (
    <dl className="facts" aria-live="polite">
      {shown.map(([title, words, tone]) => [
        <dt key={title} className={tone}>{title}</dt>,
        <dd key={`${title}-who`}>{words}</dd>,
      ])}
      {record.map((key) => [
        <dt key={key}>{key}</dt>,
        <dd key={`${key}-v`}>
          <span className="minus">{String(told.before?.[key] ?? '–')}</span> → <span className="plus">{String(told.after?.[key] ?? '–')}</span>
        </dd>,
      ])}
    </dl>
  );
}
