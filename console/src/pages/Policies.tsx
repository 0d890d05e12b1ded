/** How requests are decided. */
import { Plus, Scale } from 'lucide-react';
import { useState } from 'react';
import { change } from '../api/client';
import { type Schemas, useGet, useRights } from '../api/queries';
import { Ask } from '../ui/ask';
import { Badge, Bones, Card, Empty, Head, Icon, Wrong } from '../ui/parts';
import { PolicyForm } from './policy/Form';
import { Steps, Versions } from './policy/Steps';

export const kinds: Record<string, string> = {
  GrantAccessRequest: 'Granting access', RemoveAccessRequest: 'Giving access back', ChangePermissionLevelRequest: 'Changing a level', ArchiveWorkAppRequest: 'Archiving an app',
  AddNewManagedWorkAppRequest: 'Taking an app on', JoinGroupRequest: 'Joining a group', OffboardingRequest: 'Offboarding',
};
type Policy = Schemas['Policy'];

export function Policies() {
  const { manages } = useRights();
  const [asks, setAsks] = useState<'new' | { edit: Policy } | { archive: Policy } | { versions: Policy }>();
  const close = () => setAsks(undefined);
  const found = useGet('/v1/companies/{company}/policies');
  return (
    <>
      <Head title="Policies" sub="Whom a request goes to, step by step, before it is carried out." actions={manages && <button type="button" className="btn primary" onClick={() => setAsks('new')}><Icon of={Plus} /> New policy</button>} />
      <Wrong error={found.error} retry={() => void found.refetch()} />
      {found.isPending && <div className="grid"><Bones rows={4} /></div>}
      {found.data?.items.length === 0 && (
        <div className="grid">
          <Empty icon={Scale} title="No policies yet">
            Without one a request goes to the administrators.
          </Empty>
        </div>
      )}
      <div className="cards">
        {found.data?.items.map((policy) => (
          <Card key={policy.id} title={policy.name} aside={<span className="row">{policy.default && <Badge tone="good">default</Badge>}<Badge tone="info">{kinds[policy.requestType] ?? policy.requestType}</Badge></span>}>
            {policy.description && <p className="small muted" style={{ marginBottom: 10 }}>{policy.description}</p>}
            <Steps steps={policy.steps} />
            <div className="row wrap spread" style={{ marginTop: 8 }}>
              <span className="xs faint">{policy.autoprovision ? 'Carried out by itself' : 'Somebody carries it out'}</span>
              <span className="row">
                <button type="button" className="btn quiet small" onClick={() => setAsks({ versions: policy })}>
                  Version {policy.version}
                </button>
                {manages && (
                  <>
                    <button type="button" className="btn quiet small" onClick={() => setAsks({ edit: policy })}>
                      Edit
                    </button>
                    <button type="button" className="btn quiet small" onClick={() => setAsks({ archive: policy })}>
                      Archive…
                    </button>
                  </>
                )}
              </span>
            </div>
          </Card>
        ))}
      </div>
      {asks === 'new' && <PolicyForm onClose={close} />}
      {asks && typeof asks === 'object' && 'edit' in asks && <PolicyForm policy={asks.edit} onClose={close} />}
      {asks && typeof asks === 'object' && 'versions' in asks && <Versions policy={asks.versions} onClose={close} />}
      {asks && typeof asks === 'object' && 'archive' in asks && (
        <Ask title={`Archive ${asks.archive.name}?`} verb="Archive" danger done={`${asks.archive.name} is archived`} change={change('delete', '/v1/companies/{company}/policies/{policy}', { path: { policy: asks.archive.id } })} onClose={close}>
          <p className="small muted">Requests that run by it go on to their end; new ones go by the next policy that fits.</p>
        </Ask>
      )}
    </>
  );
}
