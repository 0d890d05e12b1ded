/** The steps of a policy, now and in its earlier versions. */
import { type Schemas, useGet } from '../../api/queries';
import { Dialog } from '../../ui/dialog';
import { Who } from '../../ui/names';
import { Badge, Bones, plural, Wrong } from '../../ui/parts';
import { Time } from '../../ui/time';

export const words: Record<string, string> = { manager: 'their manager', appOwner: 'the app’s owner', groupOwner: 'the group’s owners', admins: 'administrators' };

function Approvers({ of }: { of: Schemas['Approvers'] }) {
  if (typeof of === 'string') return <>{words[of] ?? of}</>;
  if ('group' in of) return <>members of <Who id={of.group} /></>;
  return <>{of.users.map((id, n) => [n > 0 && ', ', <Who key={id} id={id} />])}</>;
}

export function Steps({ steps }: { steps: Schemas['Step'][] }) {
  if (steps.length === 0) return <p className="small">Approved at once.</p>;
  return (
    <ol className="timeline">
      {steps.map((step, n) => (
        <li key={n}>
          <span className="dot num xs">{n + 1}</span>
          <span>
            {step.require === 'all' ? 'All of ' : ''}
            <Approvers of={step.approvers} />
          </span>
          <span className="xs faint">{step.timeoutHours ? `${plural(step.timeoutHours, 'hour')}, then ${step.onTimeout === 'escalate' ? 'escalates' : 'expires'}` : 'no end'}</span>
        </li>
      ))}
    </ol>
  );
}

/** Every version there was: requests under way run by the one they began with. */
export function Versions({ policy, onClose }: { policy: Schemas['Policy']; onClose: () => void }) {
  const found = useGet('/v1/companies/{company}/policies/{policy}/versions', { path: { policy: policy.id } });
  return (
    <Dialog title={`Versions of ${policy.name}`} onClose={onClose}>
      <p className="small muted">A request runs by the version that it began with.</p>
      <Wrong error={found.error} />
      {found.isPending && <Bones rows={3} />}
      {[...(found.data?.items ?? [])].reverse().map((one) => (
        <section key={one.version} aria-label={`Version ${one.version}`} className="col">
          <h3 className="row">
            Version {one.version} {one.version === policy.version && <Badge tone="good">present</Badge>}
          </h3>
          <Steps steps={one.steps} />
          <p className="xs faint">
            <Time at={one.createdAt} />, by <Who id={one.createdBy} />; {one.autoprovision ? 'carried out by itself' : 'somebody carries it out'}
          </p>
        </section>
      ))}
    </Dialog>
  );
}
