/** The public keys that sign for Cakewalk receivers: the one that signs now, then the one that will. */
import { useState } from 'react';
import { change } from '../api/client';
import { useGet } from '../api/queries';
import { Ask } from '../ui/ask';
import { Badge, Bones, Card, Wrong } from '../ui/parts';
import { Day, exactly, useNow } from '../ui/time';
import { say } from '../ui/toast';

export function SigningKeys() {
  const [asks, setAsks] = useState(false);
  const now = useNow();
  // Asked for at a click: the first time that a company is asked for its keys makes one.
  const [shown, setShown] = useState(false);
  const found = useGet('/v1/companies/{company}/signing-keys', {}, shown);
  return (
    <Card title="Keys that sign for Cakewalk receivers" aside={<button type="button" className="btn small" onClick={() => (shown ? setAsks(true) : setShown(true))}>{shown ? 'New key…' : 'Show them'}</button>}>
      <Wrong error={found.error} />
      {shown && found.isPending && <Bones rows={2} />}
      <p className="small muted" style={{ marginBottom: 10 }}>Receivers check messages with the public half. Give it to them before it signs.</p>
      <ul className="col small">
        {found.data?.items.map((key) => (
          <li key={key.id} className="row wrap spread">
            <span className="row wrap">
              {new Date(key.signsFrom).getTime() <= now ? (
                <Badge tone="good">signs now</Badge>
              ) : (
                <Badge tone="info">
                  from <span title={exactly(key.signsFrom)}><Day at={key.signsFrom} /></span>
                </Badge>
              )}
              <code className="xs faint">{key.id.slice(0, 13)}…</code>
            </span>
            <button type="button" className="btn quiet small" onClick={() => void navigator.clipboard.writeText(key.pem).then(() => say('The public key is copied'))}>
              Copy
            </button>
          </li>
        ))}
      </ul>
      {asks && (
        <Ask title="Make a new signing key?" verb="Make it" done="There is a new key" change={change('post', '/v1/companies/{company}/signing-keys/rotate', { body: {} as never })} onClose={() => setAsks(false)}>
          <p className="small muted">It is told at once, and signs once its overlap is over: until then receivers can be given it.</p>
        </Ask>
      )}
    </Card>
  );
}
