/** Why a person is in a group, or why not: every way from a reason to the group, to be followed with a finger. */
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { ArrowRight, CircleCheck, CircleX, UsersRound } from 'lucide-react';
import type { ReactNode } from 'react';
import { address } from '../../api/client';
import { type Schemas, useGet, useName } from '../../api/queries';
import { Avatar, Badge, Bones, Card, Empty, Icon, Note, plural, Wrong } from '../../ui/parts';
import { Picker, type Picked } from '../../ui/picker';
import { Day, exactly, fromField, toField } from '../../ui/time';
import { ReasonBadge } from '../group/Members';
import { Held } from './Held';
import { Picture } from './Picture';

/** What can be asked about, as the address of the page names it. */
const abouts = ['group', 'role', 'app'] as const;

/** The name of what is asked about. */
function useAbout(search: { group?: string; role?: string; app?: string }): Picked | undefined {
  const kind = abouts.find((one) => search[one]);
  const id = (kind && search[kind]) ?? '';
  const group = useName(kind === 'group' ? id : undefined);
  const roles = useGet('/v1/companies/{company}/roles', {}, kind === 'role');
  const app = useGet('/v1/companies/{company}/apps/{app}', { path: { app: id } }, kind === 'app');
  if (!kind) return undefined;
  const name = kind === 'group' ? group?.name : kind === 'app' ? app.data?.name : roles.data?.items.find((role) => role.id === id)?.name;
  return { id, type: kind, name: name ?? '…' };
}

export function Why({ user }: { user: Schemas['User'] }) {
  const search = useSearch({ from: '/users/$user' });
  const navigate = useNavigate({ from: '/users/$user' });
  const about = useAbout(search);
  const query = { group: search.group, role: search.role, app: search.app, at: search.at };
  const told = useGet('/v1/companies/{company}/users/{user}/explain', { path: { user: user.id }, query }, !!about, true);
  const set = (part: object) => void navigate({ search: (before) => ({ ...before, ...part }), replace: true });
  const ask = (to: Picked | undefined) => set({ group: undefined, role: undefined, app: undefined, ...(to && { [to.type]: to.id }) });
  const picture = address('/v1/companies/{company}/users/{user}/explain', { user: user.id }, query);
  return (
    <div className="stack">
      <div className="row gap-lg wrap" style={{ alignItems: 'flex-start' }}>
        <div style={{ flex: '1 1 280px', maxWidth: 420 }}>
          <Picker label={`Why does, or does not, ${user.name} have`} kinds={['group', 'app', 'role']} value={about ? [about] : []} onChange={(to) => ask(to[0])} />
        </div>
        <div className="field">
          <label htmlFor="why-at">As of</label>
          <input id="why-at" className="input" type="datetime-local" value={search.at ? toField(new Date(search.at)) : ''} max={toField(new Date())} onChange={(event) => set({ at: fromField(event.target.value) })} />
          <span className="hint">Now, when left empty.</span>
        </div>
      </div>
      <Wrong error={told.error} />
      {!about && (
        <div className="grid">
          <Empty icon={UsersRound} title="Choose a group, an app or a role">
            You will see every way that leads {user.name} to it; or what is missing, what there was before, and who ended it.
          </Empty>
        </div>
      )}
      {about && told.isPending && <div className="grid"><Bones rows={4} /></div>}
      {about && told.data && ('group' in told.data ? <Told user={user} told={told.data} picture={picture} /> : <Held user={user} told={told.data} name={about.name} picture={picture} />)}
    </div>
  );
}

function Told({ user, told, picture }: { user: Schemas['User']; told: Schemas['Explanation']; picture: string }) {
  const ways = Number(told.total) < 1e15 ? plural(Number(told.total), 'way') : `${told.total} ways`;
  return (
    <>
      <Note tone={told.member ? 'good' : 'warn'} role="status">
        <p>
          <strong>
            {user.name} {told.member ? 'is' : 'is not'} in {told.group.name}
          </strong>
          {told.member ? (told.direct ? ', directly.' : ', by nesting.') : '.'} {told.member && (told.total === '1' ? 'There is 1 way that leads there.' : `There are ${ways} that lead there.`)}
        </p>
      </Note>
      <Picture of={picture} name={`why-${user.name}-${told.group.name}`} alt={`${ways} from ${user.name} to ${told.group.name}; the same is told in words below`} />
      {told.member && (
        <Card title={`Way by way, shortest first`}>
          <ol className="col gap-lg">
            {told.paths.map((path) => (
              <li key={path.reason.id + path.steps.map((step) => step.group.id).join()}>
                <Way user={user} path={path} />
              </li>
            ))}
          </ol>
          {Number(told.total) > told.paths.length && <p className="small muted">Shown are the {told.paths.length} shortest of {ways}.</p>}
        </Card>
      )}
      {told.missing && <Missing missing={told.missing} user={user} />}
    </>
  );
}

export function Stop({ icon, name, to, sub }: { icon: ReactNode; name: string; to?: string; sub?: ReactNode }) {
  return (
    <span className="stop">
      {icon}
      <span className="grow">
        {to ? (
          <Link className="link" to="/groups/$group" params={{ group: to }}>
            {name}
          </Link>
        ) : (
          name
        )}
        {sub && <span className="xs faint" style={{ display: 'block' }}>{sub}</span>}
      </span>
    </span>
  );
}

export function by(who: { id: string; name?: string | null } | null | undefined) {
  return who ? ` by ${who.name ?? 'somebody'}` : '';
}

export function Way({ user, path, children }: { user: Schemas['User']; path: Schemas['Path']; children?: ReactNode }) {
  const { reason } = path;
  return (
    <div className="way">
      <Stop icon={<Avatar name={user.name} />} name={user.name} />
      <span className="tie">
        <ReasonBadge reason={reason} />
        <span className="xs faint" title={exactly(reason.openedAt)}>
          <Day at={reason.addedAt} />
          {by(reason.givenBy)}
        </span>
        <Icon of={ArrowRight} />
      </span>
      <Stop icon={<Avatar name={reason.group.name ?? '?'} group />} name={reason.group.name ?? reason.group.id} to={reason.group.id} sub={reason.note ?? undefined} />
      {path.steps.map((step) => (
        <span key={step.group.id} className="row wrap">
          <span className="tie">
            <Badge>is inside</Badge>
            <span className="xs faint">
              <Day at={step.since} />
              {by(step.by)}
            </span>
            <Icon of={ArrowRight} />
          </span>
          <Stop icon={<Avatar name={step.group.name ?? '?'} group />} name={step.group.name ?? step.group.id} to={step.group.id} />
        </span>
      ))}
      {children}
    </div>
  );
}

/** What led to something and ended. */
export function EndedList({ ended }: { ended: Schemas['Ended'][] }) {
  return (
    <ul className="timeline">
      {ended.map((one) => (
        <li key={`${one.at}${one.reason?.id ?? one.nesting?.child.id ?? one.grant?.group.id}`}>
          <span className="dot">
            <Icon of={CircleX} />
          </span>
          <span>
            {one.what === 'nesting'
              ? `${one.nesting?.child.name} was taken out of ${one.nesting?.parent.name}`
              : one.what === 'grant'
                ? `${one.grant?.group.name} ceased to give it`
                : one.what === 'window'
                  ? `Their time in ${one.reason?.group.name} ran out`
                  : `Their place in ${one.reason?.group.name} was ended`}
            {by(one.by)}
            {one.endedMembership && <Badge tone="bad">ended the membership</Badge>}
          </span>
          <Day at={one.at} />
        </li>
      ))}
    </ul>
  );
}

function Missing({ missing, user }: { missing: Schemas['Missing']; user: Schemas['User'] }) {
  return (
    <div className="cards">
      <Card title="What is missing">
        <div className="col small">
          {missing.inactive && (
            <p className="row">
              <Icon of={CircleX} /> {user.name} is inactive since <Day at={missing.inactive.since} />
              {by(missing.inactive.by)}, so nothing counts.
            </p>
          )}
          <p>Any of {missing.total === 1 ? 'this' : `these ${missing.total}`} would do, were they a direct member:</p>
          <ul className="col">
            {missing.groups.slice(0, 12).map((group) => (
              <li key={group.id} className="row">
                <Avatar name={group.name ?? '?'} group />
                <Link className="link" to="/groups/$group" params={{ group: group.id }}>
                  {group.name}
                </Link>
              </li>
            ))}
          </ul>
          {missing.scheduled.length > 0 && <h3>Yet to begin</h3>}
          {missing.scheduled.map((reason) => (
            <p key={reason.id} className="row">
              <ReasonBadge reason={reason} /> in {reason.group.name}
            </p>
          ))}
          {missing.idle.length > 0 && <h3>Standing, but counting for nothing</h3>}
          {missing.idle.map((reason) => (
            <p key={reason.id} className="row">
              <ReasonBadge reason={reason} /> in {reason.group.name}
            </p>
          ))}
        </div>
      </Card>
      <Card title="What there was before">
        <div className="col small">
          {missing.last ? (
            <p className="row">
              <Icon of={CircleCheck} /> Last a member from <Day at={missing.last.from} /> until <Day at={missing.last.until} />.
            </p>
          ) : (
            <p className="muted">Nothing is remembered.</p>
          )}
          <EndedList ended={missing.ended} />
        </div>
      </Card>
    </div>
  );
}
