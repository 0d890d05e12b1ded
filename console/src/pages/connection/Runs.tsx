/** The runs of a connection: try one, see the drift, put it right, confirm what the brake holds. */
import { useMutation } from '@tanstack/react-query';
import { History as Past, RefreshCw } from 'lucide-react';
import { useEffect, useState } from 'react';
import { change, make, type Change } from '../../api/client';
import { refresh, type Schemas, useList, useRights } from '../../api/queries';
import { Dialog } from '../../ui/dialog';
import { Who } from '../../ui/names';
import { Badge, Bones, Card, Empty, Icon, Note, plural, type Tone, Wrong } from '../../ui/parts';
import { exactly, Time } from '../../ui/time';
import { say } from '../../ui/toast';

type Run = Schemas['Run'];
const tones: Record<string, Tone> = { queued: 'info', running: 'info', done: 'good', held: 'warn', failed: 'bad' };
const kinds: Record<string, string> = { full: 'Everything', changes: 'What changed', settle: 'Drift' };

const words: [keyof Run['counts'], string][] = [
  ['usersAdded', 'people come'], ['usersChanged', 'people change'], ['usersRemoved', 'people go'], ['groupsAdded', 'groups come'], ['groupsChanged', 'groups change'], ['groupsRemoved', 'groups go'],
  ['membersAdded', 'memberships given'], ['membersRemoved', 'memberships ended'], ['nested', 'groups put inside'], ['unnested', 'groups taken out'],
];

/** How much a run changed, or would. */
function Counts({ run }: { run: Run }) {
  const shown = words.filter(([key]) => run.counts[key] > 0);
  if (shown.length === 0) return <span className="faint">nothing {run.trial ? 'would change' : 'changed'}</span>;
  return <>{shown.map(([key, said]) => `${run.counts[key].toLocaleString()} ${said}`).join(', ')}</>;
}

export function Runs({ connection }: { connection: Schemas['Connection'] }) {
  const { manages } = useRights();
  const [open, setOpen] = useState<string>();
  const path = { connection: connection.id };
  const found = useList('/v1/companies/{company}/connections/{connection}/runs', { path }, true, 20, 100);
  const rows = found.items as Run[];
  const busy = rows.some((run) => run.state === 'queued' || run.state === 'running');
  // What is under way is looked at until it has ended.
  const again = found.refetch;
  useEffect(() => {
    if (!busy) return;
    const timer = setInterval(() => void again(), 1500);
    return () => clearInterval(timer);
  }, [busy, again]);
  const ask = (kind: 'full' | 'settle', trial: boolean, headers?: Record<string, string>): Change => {
    const asked = change('post', '/v1/companies/{company}/connections/{connection}/runs', { path, body: { kind }, headers });
    return trial ? { ...asked, target: `${asked.target}?preview=true` } : asked;
  };
  const start = useMutation({
    mutationFn: (asked: Change) => make<Run>(asked),
    onSuccess: (run) => {
      say(run.trial ? 'The trial has begun: nothing will be changed' : 'The run has begun');
      void refresh();
    },
  });
  const pushes = connection.kind === 'scim';
  const shown = rows.find((run) => run.id === open);
  return (
    <Card
      title="Runs"
      aside={
        manages && (
          <span className="row wrap">
            {!pushes && (
              <button type="button" className="btn small" disabled={start.isPending || busy} onClick={() => start.mutate(ask('full', true))}>
                Trial run
              </button>
            )}
            <button type="button" className="btn small" disabled={start.isPending || busy} onClick={() => start.mutate(ask('settle', true))}>
              Show drift
            </button>
            {!pushes && (
              <button type="button" className="btn small primary" disabled={start.isPending || busy} onClick={() => start.mutate(ask('full', false))}>
                <Icon of={RefreshCw} /> Run now
              </button>
            )}
          </span>
        )
      }
    >
      <Wrong error={start.error ?? found.error} />
      {found.isPending && <Bones rows={3} />}
      {!found.isPending && rows.length === 0 && <Empty icon={Past} title="No runs yet">A trial tells what would change, and changes nothing.</Empty>}
      <ul className="timeline">
        {rows.map((run) => (
          <li key={run.id} style={{ gridTemplateColumns: 'auto minmax(0,1fr) auto' }}>
            <span className="row">
              {(run.state === 'queued' || run.state === 'running') && <span className="spin" aria-hidden="true" />}
              <Badge tone={tones[run.state]}>{run.state}</Badge>
            </span>
            <span>
              {kinds[run.kind] ?? run.kind}
              {run.trial && <Badge>trial</Badge>} <span className="muted">{run.error ?? <Counts run={run} />}</span>
              {run.problemsTotal > 0 && <Badge tone="warn">{plural(run.problemsTotal, 'problem')}</Badge>}
            </span>
            <span className="row xs faint">
              <Time at={run.askedAt} />
              <button type="button" className="btn quiet small" onClick={() => setOpen(run.id)}>
                Details
              </button>
            </span>
          </li>
        ))}
      </ul>
      {found.hasNextPage && (
        <button type="button" className="btn small" onClick={() => void found.fetchNextPage()}>
          Earlier
        </button>
      )}
      {shown && (
        <Dialog
          title={`${kinds[shown.kind] ?? shown.kind}${shown.trial ? ', trial' : ''}`}
          wide
          onClose={() => setOpen(undefined)}
          footer={
            manages && (
              <>
                {shown.trial && shown.state === 'done' && !shown.confirmation && (
                  <button type="button" className="btn primary" onClick={() => (start.mutate(ask(shown.kind === 'settle' ? 'settle' : 'full', false)), setOpen(undefined))}>
                    {shown.kind === 'settle' ? 'Put it right' : 'Run it'}
                  </button>
                )}
                {shown.confirmation && (
                  <button type="button" className="btn danger" onClick={() => (start.mutate(ask(shown.kind === 'settle' ? 'settle' : 'full', false, { 'guildhall-confirmation': shown.confirmation as string })), setOpen(undefined))}>
                    Do it all the same
                  </button>
                )}
              </>
            )
          }
        >
          {shown.error && <Note tone="bad">{shown.error}</Note>}
          {shown.confirmation && <Note tone="warn">The brake holds this: it would take unusually many members out of groups. Look below at whom it concerns before you go on.</Note>}
          <dl className="facts">
            <dt>Asked for by</dt>
            <dd><Who id={shown.askedBy} face /></dd>
            <dt>When</dt>
            <dd>{exactly(shown.askedAt)}</dd>
            <dt>The source told of</dt>
            <dd>{plural(shown.users, 'person', 'people')}, {plural(shown.groups, 'group')}</dd>
            <dt>{shown.trial ? 'Would change' : 'Changed'}</dt>
            <dd><Counts run={shown} /></dd>
          </dl>
          {shown.changes.length > 0 && (
            <ul className="col small" aria-label="Changes">
              {shown.changes.map((line) => (
                <li key={line}>{line}</li>
              ))}
            </ul>
          )}
          {shown.problems.length > 0 && (
            <>
              <h3>What could not be carried</h3>
              <ul className="col small">
                {shown.problems.map((line) => (
                  <li key={line}>{line}</li>
                ))}
              </ul>
            </>
          )}
        </Dialog>
      )}
    </Card>
  );
}
