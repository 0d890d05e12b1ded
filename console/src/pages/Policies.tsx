/** How requests are decided. */
import { Scale } from 'lucide-react';
import { type Schemas, useGet } from '../api/queries';
import { Who } from '../ui/names';
import { Badge, Bones, Card, Empty, Head, plural, Wrong } from '../ui/parts';

const kinds: Record<string, string> = {
  GrantAccessRequest: 'Granting access', RemoveAccessRequest: 'Giving access back', ChangePermissionLevelRequest: 'Changing a level', ArchiveWorkAppRequest: 'Archiving an app',
  AddNewManagedWorkAppRequest: 'Taking an app on', JoinGroupRequest: 'Joining a group', OffboardingRequest: 'Offboarding',
};
const words: Record<string, string> = { manager: 'their manager', appOwner: 'the app’s owner', groupOwner: 'the group’s owners', admins: 'administrators' };

function Approvers({ of }: { of: Schemas['Approvers'] }) {
  if (typeof of === 'string') return <>{words[of] ?? of}</>;
  if ('group' in of) return <>members of <Who id={of.group} /></>;
  return <>{of.users.map((id, n) => [n > 0 && ', ', <Who key={id} id={id} />])}</>;
}

export function Policies() {
  const found = useGet('/v1/companies/{company}/policies');
  return (
    <>
      <Head title="Policies" sub="Whom a request goes to, step by step, before it is carried out." />
      <Wrong error={found.error} retry={() => void found.refetch()} />
      {found.isPending && <div className="grid"><Bones rows={4} /></div>}
      {found.data?.items.length === 0 && (
        <div className="grid">
          <Empty icon={Scale} title="No policies yet">
            Without one a request goes to the administrators. Make one with <code>POST /v1/companies/…/policies</code>, or import it.
          </Empty>
        </div>
      )}
      <div className="cards">
        {found.data?.items.map((policy) => (
          <Card key={policy.id} title={policy.name} aside={<span className="row">{policy.default && <Badge tone="good">default</Badge>}<Badge tone="info">{kinds[policy.requestType] ?? policy.requestType}</Badge></span>}>
            {policy.description && <p className="small muted" style={{ marginBottom: 10 }}>{policy.description}</p>}
            {policy.steps.length === 0 && <p className="small">Approved at once.</p>}
            <ol className="timeline">
              {policy.steps.map((step, n) => (
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
            <p className="xs faint" style={{ marginTop: 8 }}>
              Version {policy.version} · {policy.autoprovision ? 'carried out by itself' : 'somebody carries it out'}
            </p>
          </Card>
        ))}
      </div>
    </>
  );
}
