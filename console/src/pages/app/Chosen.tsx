/** Which policies an app, its levels or a group have chosen in the place of the company's. */
import { useMutation } from '@tanstack/react-query';
import { type Change, change, make } from '../../api/client';
import { refresh, type Schemas, useGet, useRights } from '../../api/queries';
import { Bones, Card, Wrong } from '../../ui/parts';
import { say } from '../../ui/toast';
import { kinds } from '../Policies';

const ofApps = ['GrantAccessRequest', 'RemoveAccessRequest', 'ChangePermissionLevelRequest', 'ArchiveWorkAppRequest'];
const ofLevels = ['GrantAccessRequest', 'RemoveAccessRequest', 'ChangePermissionLevelRequest'];

/** Makes a choice at once, with a way back. */
function useChoosing() {
  return useMutation({
    mutationFn: ({ asked }: { asked: Change; back: Change }) => make(asked),
    onSuccess: (_, { back }) => {
      say('Chosen', () => void make(back).then(() => refresh(), (error: Error) => say(error.message)));
      void refresh();
    },
  });
}

function Choose({ label, above, type, value, disabled, onChange }: { label: string; above: string; type: string; value: string; disabled: boolean; onChange: (to: string) => void }) {
  const policies = useGet('/v1/companies/{company}/policies');
  return (
    <select className="select" style={{ width: '100%' }} aria-label={label} value={value} disabled={disabled} onChange={(event) => onChange(event.target.value)}>
      <option value="">{above}</option>
      {policies.data?.items.filter((policy) => policy.requestType === type).map((policy) => (
        <option key={policy.id} value={policy.id}>
          {policy.name}
        </option>
      ))}
    </select>
  );
}

export function ChosenPolicies({ app }: { app: Schemas['App'] }) {
  const { manages } = useRights();
  const found = useGet('/v1/companies/{company}/apps/{app}/policies', { path: { app: app.id } });
  const choosing = useChoosing();
  const stands = (type: string, level?: string) => found.data?.items.find((one) => one.requestType === type && (one.permissionLevel ?? undefined) === level)?.policy ?? '';
  const asked = (type: string, level: string | undefined, to: string): Change => {
    const path = { app: app.id, requestType: type };
    if (level) {
      const at = { ...path, level };
      return to ? change('put', '/v1/companies/{company}/apps/{app}/levels/{level}/policies/{requestType}', { path: at, body: { policy: to } }) : change('delete', '/v1/companies/{company}/apps/{app}/levels/{level}/policies/{requestType}', { path: at });
    }
    return to ? change('put', '/v1/companies/{company}/apps/{app}/policies/{requestType}', { path, body: { policy: to } }) : change('delete', '/v1/companies/{company}/apps/{app}/policies/{requestType}', { path });
  };
  const row = (type: string, level?: Schemas['Level']) => (
    <div className="pick" key={type + (level?.id ?? '')}>
      <span className="small">{kinds[type]}{level && <span className="faint"> · {level.name}</span>}</span>
      <Choose
        label={`Policy for ${kinds[type]}${level ? `, ${level.name}` : ''}`}
        above={level ? 'the app’s' : 'the company’s'}
        type={type}
        value={stands(type, level?.id)}
        disabled={!manages || choosing.isPending}
        onChange={(to) => choosing.mutate({ asked: asked(type, level?.id, to), back: asked(type, level?.id, stands(type, level?.id)) })}
      />
    </div>
  );
  return (
    <Card title="How requests for it are decided">
      <Wrong error={found.error ?? choosing.error} />
      {found.isPending ? (
        <Bones rows={3} />
      ) : (
        <div className="col">
          {ofApps.map((type) => row(type))}
          {app.permissionLevels.length > 1 && (
            <details className="more" open={found.data?.items.some((one) => one.permissionLevel)}>
              <summary>For one level alone</summary>
              <div className="col">{app.permissionLevels.flatMap((level) => ofLevels.map((type) => row(type, level)))}</div>
            </details>
          )}
        </div>
      )}
    </Card>
  );
}
