/** The first page: who are you? */
import { useMutation, useQuery } from '@tanstack/react-query';
import { KeyRound } from 'lucide-react';
import { useState } from 'react';
import { signIn } from '../api/session';
import { Icon, Wrong } from '../ui/parts';

interface Way {
  name: string;
  url: string;
}

export function SignIn() {
  const [key, setKey] = useState('');
  const enter = useMutation({ mutationFn: () => signIn(key.trim()) });
  const ways = useQuery({
    queryKey: ['ways'],
    queryFn: async () => ((await (await fetch('/console/session')).json()) as { ways?: Way[] }).ways ?? [],
  });
  const failed = new URLSearchParams(location.search).get('error');
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
        {failed && <Wrong error={new Error(failed)} />}
        {ways.data?.map((way) => (
          <a key={way.url} className="btn primary" href={way.url}>
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
        <button type="submit" className={`btn ${ways.data?.length ? '' : 'primary'}`} disabled={enter.isPending || !key.trim()}>
          {enter.isPending ? <span className="spin" aria-hidden="true" /> : <Icon of={KeyRound} />}
          Sign in with this key
        </button>
      </form>
    </main>
  );
}
