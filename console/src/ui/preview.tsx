/** What a change would do, shown before it is made: who gains, who loses, which requests arise. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { UserMinus, UserPlus } from 'lucide-react';
import { useMemo, useState, type ReactNode } from 'react';
import { type Change, make, Problem, tryOut } from '../api/client';
import { refresh, useGet, useNames } from '../api/queries';
import { Dialog } from './dialog';
import { Icon, Note, plural, Wrong } from './parts';
import { say } from './toast';

interface Effect {
  group: string;
  user: string;
  direct: boolean;
}
/** What a preview answers. */
export interface Told {
  gained: Effect[];
  lost: Effect[];
  gainedTotal: number;
  lostTotal: number;
  revision: number;
  rolesGained?: RoleEffect[];
  rolesLost?: RoleEffect[];
  rolesGainedTotal?: number;
  rolesLostTotal?: number;
  appsGained?: AppEffect[];
  appsLost?: AppEffect[];
  appsGainedTotal?: number;
  appsLostTotal?: number;
  requests?: Arising[];
  requestsTotal?: number;
}
interface RoleEffect {
  user: string;
  role: string;
}
interface AppEffect {
  user: string;
  app: string;
}
interface Arising {
  type: string;
  target?: string | null;
  app?: string | null;
  done: boolean;
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

/** Who gains and who loses: groups, roles, apps; and what would be asked for. */
export function Effects({ told }: { told: Told }) {
  const ids = useMemo(() => [...new Set([...told.gained, ...told.lost].slice(0, 400).flatMap((one) => [one.user, one.group]))], [told]);
  const names = useNames(ids);
  const [roles, apps, requests] = [(told.rolesGainedTotal ?? 0) + (told.rolesLostTotal ?? 0), (told.appsGainedTotal ?? 0) + (told.appsLostTotal ?? 0), told.requestsTotal ?? 0];
  if (told.gainedTotal + told.lostTotal + roles + apps + requests === 0) return <p className="muted small">Nobody gains or loses anything.</p>;
  return (
    <div className="col">
      <Sum what="memberships" gained={told.gainedTotal} lost={told.lostTotal} />
      <Side effects={told.lost} total={told.lostTotal} word="loses" names={names} />
      <Side effects={told.gained} total={told.gainedTotal} word="gains" names={names} />
      {roles > 0 && <RoleEffects told={told} />}
      {(apps > 0 || requests > 0) && <AppEffects told={told} />}
    </div>
  );
}

function Sum({ what, gained, lost }: { what: string; gained: number; lost: number }) {
  if (gained + lost === 0) return null;
  return (
    <p className="row wrap small">
      <strong>{what.charAt(0).toUpperCase() + what.slice(1)}</strong>
      <span className="plus">+{gained.toLocaleString()}</span>
      <span className="minus">−{lost.toLocaleString()}</span>
    </p>
  );
}

/** How many fall to each of what is named. */
function tally(of: string[]) {
  const counts = new Map<string, number>();
  for (const id of of) counts.set(id, (counts.get(id) ?? 0) + 1);
  return [...counts];
}

function RoleEffects({ told }: { told: Told }) {
  const roles = useGet('/v1/companies/{company}/roles');
  const called = (id: string) => roles.data?.items.find((role) => role.id === id)?.name ?? '…';
  const line = (effects: RoleEffect[] | undefined, tone: 'plus' | 'minus', words: string) =>
    tally((effects ?? []).map((one) => one.role)).map(([role, count]) => (
      <li key={words + role}>
        <span className={tone}>{plural(count, 'person', 'people')}</span> {words} the role <strong>{called(role)}</strong>
      </li>
    ));
  return (
    <>
      <Sum what="roles" gained={told.rolesGainedTotal ?? 0} lost={told.rolesLostTotal ?? 0} />
      <ul className="small">
        {line(told.rolesLost, 'minus', 'would have no more')}
        {line(told.rolesGained, 'plus', 'would have')}
      </ul>
    </>
  );
}

const asks: Record<string, string> = { GrantAccessRequest: 'to give', RemoveAccessRequest: 'to take back', ChangePermissionLevelRequest: 'to change the level of' };

function AppEffects({ told }: { told: Told }) {
  const apps = useGet('/v1/companies/{company}/apps', { query: { limit: 1000 } });
  const called = (id: string) => apps.data?.items.find((app) => app.id === id)?.name ?? 'an app';
  const line = (effects: AppEffect[] | undefined, tone: 'plus' | 'minus', words: string) =>
    tally((effects ?? []).map((one) => one.app)).map(([app, count]) => (
      <li key={words + app}>
        <span className={tone}>{plural(count, 'person', 'people')}</span> {words} <strong>{called(app)}</strong> at once
      </li>
    ));
  return (
    <>
      <Sum what="apps" gained={told.appsGainedTotal ?? 0} lost={told.appsLostTotal ?? 0} />
      <ul className="small">
        {line(told.appsLost, 'minus', 'would lose')}
        {line(told.appsGained, 'plus', 'would get')}
        {tally((told.requests ?? []).map((one) => `${one.type} ${one.app ?? ''} ${one.done}`)).map(([key, count]) => {
          const [type = '', app = '', done] = key.split(' ');
          return (
            <li key={key}>
              {plural(count, 'request')} would arise {asks[type] ?? ''} {app && <strong>{called(app)}</strong>}
              {done === 'true' && ', carried out at once'}
            </li>
          );
        })}
        {(told.requestsTotal ?? 0) > (told.requests?.length ?? 0) && <li className="faint">{told.requestsTotal?.toLocaleString()} requests in all</li>}
      </ul>
    </>
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

