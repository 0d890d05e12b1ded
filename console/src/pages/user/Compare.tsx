/** Which groups a person came into and left between two dates. */
import { useState } from 'react';
import { type Schemas, useGet, useNames } from '../../api/queries';
import { Bones, Card, Wrong } from '../../ui/parts';
import { Who } from '../../ui/names';
import { fromField, toField } from '../../ui/time';

const MONTH = 30 * 86_400_000;
/** The most that is named of one side. */
const MOST = 50;

export function Compare({ user }: { user: Schemas['User'] }) {
  // Nobody was in anything before they were made.
  const [from, setFrom] = useState(() => toField(new Date(Math.max(new Date(user.createdAt).getTime() + 60_000, Date.now() - MONTH))));
  const [to, setTo] = useState('');
  const since = fromField(from);
  const told = useGet('/v1/companies/{company}/users/{user}/difference', { path: { user: user.id }, query: { from: since ?? '', to: fromField(to) } }, !!since, true);
  return (
    <Card title="Compare two dates">
      <div className="col">
        <div className="pair">
          <div className="field">
            <label htmlFor="cmp-from">Then</label>
            <input id="cmp-from" className="input" type="datetime-local" value={from} max={toField(new Date())} onChange={(event) => setFrom(event.target.value)} />
          </div>
          <div className="field">
            <label htmlFor="cmp-to">Compared with</label>
            <input id="cmp-to" className="input" type="datetime-local" value={to} max={toField(new Date())} onChange={(event) => setTo(event.target.value)} aria-describedby="cmp-hint" />
            <span className="hint" id="cmp-hint">Now, when left empty.</span>
          </div>
        </div>
        <Wrong error={told.error} />
        {told.isLoading && <Bones rows={2} />}
        {told.data && <Difference told={told.data} />}
      </div>
    </Card>
  );
}

function Difference({ told }: { told: Schemas['UserDifference'] }) {
  const { joined, left } = told.effective;
  // Asked for together, not one by one.
  useNames([...joined, ...left].slice(0, 2 * MOST));
  if (joined.length + left.length === 0) return <p className="small muted" aria-live="polite">They are in the same groups at both.</p>;
  const side = (title: string, tone: 'plus' | 'minus', ids: string[]) =>
    ids.length > 0 && (
      <>
        <dt className={tone}>{title}</dt>
        <dd className="row wrap">
          {ids.slice(0, MOST).map((id) => (
            <Who key={id} id={id} />
          ))}
          {ids.length > MOST && <span className="faint">and {(ids.length - MOST).toLocaleString()} more</span>}
        </dd>
      </>
    );
  return (
    <dl className="facts" aria-live="polite">
      {side('Came into', 'plus', joined)}
      {side('Left', 'minus', left)}
    </dl>
  );
}
