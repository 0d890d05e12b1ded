/** Why a person is in a group, or why not: every way from a reason to the group, to be followed with a finger. */
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { ArrowRight, CircleCheck, CircleX, Download, UsersRound } from 'lucide-react';
import type { ReactNode } from 'react';
import { address } from '../../api/client';
import { type Schemas, useGet, useName } from '../../api/queries';
import { Avatar, Badge, Bones, Card, Empty, Icon, Note, plural, Wrong } from '../../ui/parts';
import { Picker } from '../../ui/picker';
import { Day, exactly, fromField, toField } from '../../ui/time';
import { ReasonBadge } from '../group/Members';

export function Why({ user }: { user: Schemas['User'] }) {
  const search = useSearch({ from: '/users/$user' });
  const navigate = useNavigate({ from: '/users/$user' });
  const name = useName(search.group);
  const query = { group: search.group ?? '', at: search.at };
  const told = useGet('/v1/companies/{company}/users/{user}/explain', { path: { user: user.id }, query }, !!search.group, true);
  const set = (part: object) => void navigate({ search: (before) => ({ ...before, ...part }), replace: true });
  const picture = address('/v1/companies/{company}/users/{user}/explain', { user: user.id }, query);
  return (
    <div className="stack">
      <div className="row gap-lg wrap" style={{ alignItems: 'flex-start' }}>
        <div style={{ flex: '1 1 280px', maxWidth: 420 }}>
          <Picker label={`Why is, or is not, ${user.name} in`} kinds={['group']} value={search.group ? [{ id: search.group, name: name?.name ?? '…', type: 'group' }] : []} onChange={(to) => set({ group: to[0]?.id })} />
        </div>
        <div className="field">
          <label htmlFor="why-at">As of</label>
          <input id="why-at" className="input" type="datetime-local" value={search.at ? toField(new Date(search.at)) : ''} max={toField(new Date())} onChange={(event) => set({ at: fromField(event.target.value) })} />
          <span className="hint">Now, when left empty.</span>
        </div>
      </div>
      <Wrong error={told.error} />
      {!search.group && (
        <div className="grid">
          <Empty icon={UsersRound} title="Choose a group">
            You will see every way that leads {user.name} into it; or what is missing, what there was before, and who ended it.
          </Empty>
        </div>
      )}
      {search.group && told.isPending && <div className="grid"><Bones rows={4} /></div>}
      {search.group && told.data && <Told user={user} told={told.data} picture={picture} />}
    </div>
  );
}

/** Fetches the picture as a file: an address opened by itself would answer in words. */
async function download(picture: string, name: string) {
  const response = await fetch(picture, { headers: { accept: 'image/svg+xml' } });
  const file = URL.createObjectURL(await response.blob());
  const link = document.createElement('a');
  link.href = file;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(file), 10_000);
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
          {told.member ? (told.direct ? ', directly.' : ', by nesting.') : '.'} {told.member && `There ${told.total === '1' ? 'is' : 'are'} ${ways} that lead there.`}
        </p>
      </Note>
      <Card
        title="The picture"
        aside={
          <button type="button" className="btn small" onClick={() => void download(picture, `why-${user.name}-${told.group.name}.svg`)}>
            <Icon of={Download} /> SVG
          </button>
        }
      >
        <div className="figure" tabIndex={0} role="group" aria-label="The picture of these ways">
          <img src={picture} alt={`${ways} from ${user.name} to ${told.group.name}; the same is told in words below`} />
        </div>
      </Card>
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

function Stop({ icon, name, to, sub }: { icon: ReactNode; name: string; to?: string; sub?: ReactNode }) {
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

function by(who: { id: string; name?: string | null } | null | undefined) {
  return who ? ` by ${who.name ?? 'somebody'}` : '';
}

function Way({ user, path }: { user: Schemas['User']; path: Schemas['Path'] }) {
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
    </div>
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
          <ul className="timeline">
            {missing.ended.map((ended) => (
              <li key={`${ended.at}${ended.reason?.id ?? ended.nesting?.child.id}`}>
                <span className="dot">
                  <Icon of={CircleX} />
                </span>
                <span>
                  {ended.what === 'nesting' ? `${ended.nesting?.child.name} was taken out of ${ended.nesting?.parent.name}` : ended.what === 'window' ? `Their time in ${ended.reason?.group.name} ran out` : `Their place in ${ended.reason?.group.name} was ended`}
                  {by(ended.by)}
                  {ended.endedMembership && <Badge tone="bad">ended the membership</Badge>}
                </span>
                <Day at={ended.at} />
              </li>
            ))}
          </ul>
        </div>
      </Card>
    </div>
  );
}
