/** Why a person has an app or a role, or why not. */
import { ArrowRight } from 'lucide-react';
import { AppWindow, BadgeCheck } from 'lucide-react';
import type { Schemas } from '../../api/queries';
import { Badge, Card, Icon, Note, plural } from '../../ui/parts';
import { Day } from '../../ui/time';
import { ReasonBadge } from '../group/Members';
import { by, EndedList, Stop, Way } from './Why';
import { Picture } from './Picture';

type User = Schemas['User'];

export function Held({ user, told, name, picture }: { user: User; told: Schemas['WhyHeld']; name: string; picture: string }) {
  const icon = <Icon of={told.role ? BadgeCheck : AppWindow} />;
  const { missing } = told;
  return (
    <>
      <Note tone={told.held ? 'good' : 'warn'} role="status">
        <p>
          <strong>
            {user.name} {told.held ? 'has' : 'does not have'} {name}
          </strong>
          . {told.held && told.total !== '0' && `There ${told.total === '1' ? 'is' : 'are'} ${plural(Number(told.total), 'way')} by which groups give it.`}
        </p>
      </Note>
      <Picture of={picture} name={`why-${user.name}-${name}`} alt={`The ways from ${user.name} to ${name}; the same is told in words below`} />
      {told.access && (
        <Card title="The access itself">
          <Access of={told.access} />
        </Card>
      )}
      {told.paths.length > 0 && (
        <Card title="By which groups, shortest way first">
          <ol className="col gap-lg">
            {told.paths.map((path) => (
              <li key={path.reason.id + path.steps.map((step) => step.group.id).join() + path.grant.group.id}>
                <Way user={user} path={path}>
                  <span className="tie">
                    <Badge tone="info">gives</Badge>
                    <span className="xs faint">
                      <Day at={path.grant.since} />
                      {by(path.grant.by)}
                    </span>
                    <Icon of={ArrowRight} />
                  </span>
                  <Stop icon={icon} name={name} />
                </Way>
              </li>
            ))}
          </ol>
        </Card>
      )}
      {missing && (
        <div className="cards">
          <Card title="What is missing">
            <div className="col small">
              {missing.inactive && (
                <p>
                  {user.name} is inactive since <Day at={missing.inactive.since} />
                  {by(missing.inactive.by)}, so nothing counts.
                </p>
              )}
              {missing.grants.length > 0 ? <p>To be in one of these groups, which give it:</p> : <p>No group gives it.</p>}
              <ul className="col">
                {missing.grants.slice(0, 12).map((grant) => (
                  <li key={grant.group.id}>
                    <Stop icon={null} name={grant.group.name ?? grant.group.id} to={grant.group.id} />
                  </li>
                ))}
              </ul>
              {missing.pending.map((request) => (
                <p key={request.id}>
                  <Badge tone="warn">{request.status}</Badge> A request for it is under way{request.purpose && `: “${request.purpose}”`}
                </p>
              ))}
              {[...missing.scheduled, ...missing.idle].map((reason) => (
                <p key={reason.id} className="row">
                  <ReasonBadge reason={reason} /> in {reason.group.name}
                </p>
              ))}
            </div>
          </Card>
          <Card title="What there was before">
            <div className="col small">
              {missing.last ? (
                <p>
                  Last held from <Day at={missing.last.from} /> until <Day at={missing.last.until} />.
                </p>
              ) : (
                told.before.length === 0 && missing.ended.length === 0 && <p className="muted">Nothing is remembered.</p>
              )}
              {told.before.map((access) => (
                <Access key={access.revision} of={access} />
              ))}
              <EndedList ended={missing.ended} />
            </div>
          </Card>
        </div>
      )}
    </>
  );
}

/** One access: since when, by whom, and how it came and went. */
function Access({ of }: { of: Schemas['HeldApp'] }) {
  return (
    <p className="small">
      {of.isOwner && <Badge tone="accent">owner</Badge>} Given <Day at={of.since} />
      {by(of.by)}
      {of.request && <>, by a request{of.request.group && ` that ${of.request.group.name} raised`}{of.request.approvedBy.length > 0 && `, approved by ${of.request.approvedBy.map((one) => one.name ?? 'somebody').join(' and ')}`}</>}
      {of.until && (
        <>
          ; ended <Day at={of.until} />
          {by(of.endedBy)}
        </>
      )}
      .
    </p>
  );
}
