/** What a change would do, shown before it is made: who gains, who loses, which requests arise. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { UserMinus, UserPlus } from 'lucide-react';
import { useMemo, useState, type ReactNode } from 'react';
import { type Change, make, Problem, tryOut } from '../api/client';
import { refresh, useNames } from '../api/queries';
import { Dialog } from './dialog';
import { Icon, Note, plural, Wrong } from './parts';
import { say } from './toast';

interface Effect {
  group: string;
  user: string;
  direct: boolean;
}
interface Told {
  gained: Effect[];
  lost: Effect[];
  gainedTotal: number;
  lostTotal: number;
  revision: number;
  requests?: unknown[];
}

interface Shape {
  title: string;
  /** The change, once it is known what it is. */
  change: Change | undefined;
  verb: string;
  done: string;
  danger?: boolean;
  children?: ReactNode;
  onClose: () => void;
  onDone?: (answer: unknown) => void;
  undo?: () => Change | undefined;
  /** Said where the change is more than its memberships. */
  words?: ReactNode;
}

/** Asks for a change: its fields above, what it would do below, and the button that makes it. */
export function ChangeDialog({ title, change, verb, done, danger, children, onClose, onDone, undo, words }: Shape) {
  const [key] = useState(() => crypto.randomUUID());
  const told = useQuery({
    queryKey: ['preview', change],
    queryFn: ({ signal }) => tryOut<Told>(change as Change, signal),
    enabled: change !== undefined,
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
  const making = useMutation({
    mutationFn: () => make(change as Change, key),
    onSuccess: (answer) => {
      const back = undo?.();
      say(done, back && (() => void make(back).then(() => refresh(), (error: Error) => say(error.message))));
      void refresh();
      onDone?.(answer);
      onClose();
    },
  });
  const braked = making.error instanceof Problem && making.error.kind === 'braked';
  return (
    <Dialog
      title={title}
      onClose={onClose}
      wide
      onSubmit={() => change && making.mutate()}
      footer={
        <>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className={`btn ${danger ? 'danger' : 'primary'}`} disabled={!change || making.isPending || told.isError}>
            {making.isPending && <span className="spin" aria-hidden="true" />}
            {verb}
          </button>
        </>
      }
    >
      {children}
      {change && (
        <section aria-label="What this would do" aria-live="polite" className="col">
          <h3>What this would do</h3>
          {words}
          {told.isPending ? <p className="muted small row"><span className="spin" aria-hidden="true" /> Working it out…</p> : <Wrong error={told.error} />}
          {told.data && <Effects told={told.data} />}
        </section>
      )}
      <Wrong error={making.error} />
      {braked && <Note tone="warn">An administrator can release the brake for this group on the page of its connection.</Note>}
    </Dialog>
  );
}

/** Who gains and who loses, group by group. */
export function Effects({ told }: { told: Told }) {
  const ids = useMemo(() => [...new Set([...told.gained, ...told.lost].slice(0, 400).flatMap((one) => [one.user, one.group]))], [told]);
  const names = useNames(ids);
  const requests = told.requests?.length ?? 0;
  if (told.gainedTotal === 0 && told.lostTotal === 0 && requests === 0) {
    return <p className="muted small">Nobody gains or loses a membership.</p>;
  }
  return (
    <div className="col">
      <p className="row wrap small">
        <span className="plus">+{told.gainedTotal.toLocaleString()}</span> gained
        <span className="minus">−{told.lostTotal.toLocaleString()}</span> lost
        {requests > 0 && <span>· {plural(requests, 'request')} would arise</span>}
      </p>
      <Side effects={told.lost} total={told.lostTotal} word="loses" names={names} />
      <Side effects={told.gained} total={told.gainedTotal} word="gains" names={names} />
    </div>
  );
}

function Side({ effects, total, word, names }: { effects: Effect[]; total: number; word: 'gains' | 'loses'; names: Map<string, { name: string } | null> }) {
  if (effects.length === 0) return null;
  const groups = new Map<string, Effect[]>();
  for (const one of effects) groups.set(one.group, [...(groups.get(one.group) ?? []), one]);
  const called = (id: string) => names.get(id)?.name ?? '…';
  return (
    <ul className="col" aria-label={`Who ${word} what`}>
      {[...groups].slice(0, 8).map(([group, members]) => (
        <li key={group} className="small">
          <div className="row">
            <span className={word === 'gains' ? 'plus' : 'minus'}>
              <Icon of={word === 'gains' ? UserPlus : UserMinus} />
            </span>
            <strong className="cut">{called(group)}</strong>
            <span className="faint num">{plural(members.length, 'person', 'people')}</span>
          </div>
          <div className="muted" style={{ paddingLeft: 24 }}>
            {members.slice(0, 12).map((one) => called(one.user) + (one.direct ? '' : ' (by nesting)')).join(', ')}
            {members.length > 12 && ` and ${(members.length - 12).toLocaleString()} more`}
          </div>
        </li>
      ))}
      {(groups.size > 8 || total > effects.length) && <li className="faint small">and more: {total.toLocaleString()} memberships in all</li>}
    </ul>
  );
}

