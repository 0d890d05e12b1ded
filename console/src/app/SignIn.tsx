/** The first page: who are you? */
import { useMutation } from '@tanstack/react-query';
import { KeyRound } from 'lucide-react';
import { useState } from 'react';
import { signIn, useSession } from '../api/session';
import { Icon, Wrong } from '../ui/parts';

/** Why somebody came back from the provider without being let in, and what to do. */
const failures: Record<string, string> = {
  off: 'This server has no sign-in of that kind. Use a key.',
  provider: 'Your sign-in could not be checked. Try again; if it fails again, an administrator finds the cause in the server’s log.',
  refused: 'The sign-in was cancelled, or refused by your provider.',
  stale: 'That sign-in was begun too long ago, or in another browser. Try again.',
  unknown: 'You are proved, but nobody here has your e-mail address. Ask an administrator to add you.',
};

/** Remembers the page that was asked for, while the provider has the browser. */
function keepPlace() {
  if (!failedHere()) sessionStorage.setItem('guildhall-to', location.pathname + location.search);
}
function failedHere() {
  return location.search.includes('failed=');
}

export function SignIn() {
  const [key, setKey] = useState('');
  const enter = useMutation({ mutationFn: () => signIn(key.trim()) });
  const session = useSession();
  const ways = session && !session.signedIn ? (session.ways ?? []) : [];
  const failed = new URLSearchParams(location.search).get('failed');
  return (
    <main className="gate">
      <form
        className="card"
        onSubmit={(event) => {
          event.preventDefault();
          enter.mutate();
        }}
      >
        <div className="brand">
          <img src="/console/favicon.svg" alt="" />
          Guildhall
        </div>
        <h1>Sign in</h1>
        <p className="muted small">See who is in which group, why, and what a change would do.</p>
        {failed && <Wrong error={new Error(failures[failed] ?? failures.provider)} />}
        {ways.map((way) => (
          <a key={way.url} className="btn primary" href={way.url} onClick={keepPlace}>
            Continue with {way.name}
          </a>
        ))}
        <div className="field">
          <label htmlFor="key">Key</label>
          <input id="key" className="input mono" type="password" autoComplete="current-password" spellCheck={false} required value={key} onChange={(event) => setKey(event.target.value)} placeholder="id.secret" aria-describedby="key-hint" aria-invalid={enter.isError} />
          <span className="hint" id="key-hint">
            The token that <code>guildhall key create</code> or an administrator gave you. With <code>--demo</code>, the server prints one as it starts.
          </span>
        </div>
        <Wrong error={enter.error} />
        <button type="submit" className={`btn ${ways.length ? '' : 'primary'}`} disabled={enter.isPending || !key.trim()}>
          {enter.isPending ? <span className="spin" aria-hidden="true" /> : <Icon of={KeyRound} />}
          Sign in with this key
        </button>
      </form>
    </main>
  );
}
