/** The small parts that every page is made of. */
import { CircleAlert, CircleCheck, Info, Search, TriangleAlert, type LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { Problem } from '../api/client';

export type Tone = 'plain' | 'good' | 'warn' | 'bad' | 'info' | 'accent' | 'violet';

export function Icon({ of: Of }: { of: LucideIcon }) {
  return <Of className="i" aria-hidden="true" />;
}

export function Badge({ tone = 'plain', icon, children, title }: { tone?: Tone; icon?: LucideIcon; children: ReactNode; title?: string }) {
  return (
    <span className={`badge ${tone}`} title={title}>
      {icon && <Icon of={icon} />}
      {children}
    </span>
  );
}

const hues = ['accent', 'info', 'violet', 'good', 'warn', 'bad'] as const;
/** A face for somebody without a picture: initials, in a colour that stays theirs. */
export function Avatar({ name, group, icon, big }: { name: string; group?: boolean; icon?: string | null; big?: boolean }) {
  const sum = [...name].reduce((n, c) => (n * 31 + (c.codePointAt(0) ?? 0)) >>> 0, 7);
  const letters = name.split(/\s+/).filter(Boolean);
  const initials = ((letters[0]?.[0] ?? '?') + (letters.length > 1 ? (letters.at(-1)?.[0] ?? '') : '')).toUpperCase();
  const emoji = icon && [...icon].length <= 4 && !/^https?:/.test(icon) ? icon : undefined;
  return (
    <span className={`avatar badge ${emoji ? 'plain' : hues[sum % hues.length]} ${group ? 'group' : ''} ${emoji ? 'emoji' : ''} ${big ? 'big' : ''}`} aria-hidden="true">
      {emoji ?? initials}
    </span>
  );
}

const marks = { info: Info, good: CircleCheck, warn: TriangleAlert, bad: CircleAlert } as const;
export function Note({ tone = 'info', children, role }: { tone?: keyof typeof marks; children: ReactNode; role?: 'alert' | 'status' }) {
  return (
    <div className={`note ${tone}`} role={role}>
      <Icon of={marks[tone]} />
      <div className="grow">{children}</div>
    </div>
  );
}

/** What to try, by the kind of problem. */
const remedies: Record<string, string> = {
  forbidden: 'Ask an administrator of the company to do this, or to give you the right.',
  'read-only-key': 'You signed in with a key that may only read. Sign in with one that may write.',
  'not-found': 'It may have been removed, or belong to another company.',
  stale: 'Somebody changed it meanwhile. Reload and look again before you change it.',
  'too-fast': 'Wait a moment, then try again.',
  unavailable: 'The server says it will be back shortly; try again in a few seconds.',
  'closed-group': 'The members of this group come from elsewhere. Change them there, or detach the group first.',
  'held-members': 'End what holds these members first: the rule or the connection.',
  unauthenticated: 'Your session has ended. Sign in again.',
};

/** What went wrong, and what to do about it. */
export function Wrong({ error, retry }: { error: unknown; retry?: () => void }) {
  if (!error) return null;
  const problem = error instanceof Problem ? error : undefined;
  const remedy = problem && remedies[problem.kind];
  return (
    <Note tone="bad" role="alert">
      <p>
        <strong>{problem?.title ?? 'Something went wrong'}.</strong> {sentence(error instanceof Error ? error.message : String(error))}
      </p>
      {problem && problem.errors.length > 0 && (
        <ul>
          {problem.errors.slice(0, 8).map((one) => (
            <li key={one.field + one.detail}>
              <code>{one.field}</code> {one.detail}
            </li>
          ))}
        </ul>
      )}
      {remedy && <p className="muted">{remedy}</p>}
      {problem?.request && problem.status >= 500 && (
        <p className="xs muted">
          Request <code>{problem.request}</code>
        </p>
      )}
      {retry && (
        <p>
          <button type="button" className="btn small" onClick={retry}>
            Try again
          </button>
        </p>
      )}
    </Note>
  );
}

function sentence(text: string) {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}

export function Empty({ icon, title, children, action }: { icon: LucideIcon; title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className="empty">
      <Icon of={icon} />
      <h2>{title}</h2>
      {children && <p>{children}</p>}
      {action}
    </div>
  );
}

export function Card({ title, aside, children, flush, foot }: { title?: ReactNode; aside?: ReactNode; children: ReactNode; flush?: boolean; foot?: ReactNode }) {
  return (
    <section className="card">
      {title && (
        <header>
          <h2>{title}</h2>
          {aside}
        </header>
      )}
      {flush ? children : <div className="body">{children}</div>}
      {foot && <footer>{foot}</footer>}
    </section>
  );
}

export function Head({ title, sub, actions, crumbs, icon }: { title: ReactNode; sub?: ReactNode; actions?: ReactNode; crumbs?: ReactNode; icon?: ReactNode }) {
  return (
    <header>
      {crumbs && <nav className="crumbs" aria-label="Above this page">{crumbs}</nav>}
      <div className="head">
        <div className="row gap-lg grow">
          {icon}
          <div className="grow">
            <h1>{title}</h1>
            {sub && <div className="muted small">{sub}</div>}
          </div>
        </div>
        {actions && <div className="row wrap">{actions}</div>}
      </div>
    </header>
  );
}

/** A choice of a few, one of which holds. */
export function Choice<T extends string>({ label, value, options, onChange }: { label: string; value: T; options: [T, string][]; onChange: (to: T) => void }) {
  return (
    <div className="seg" role="group" aria-label={label}>
      {options.map(([key, words]) => (
        <button key={key} type="button" aria-pressed={key === value} onClick={() => onChange(key)}>
          {words}
        </button>
      ))}
    </div>
  );
}

/** The field that `/` leads to, above a list that is searched as one types. */
export function SearchBox({ label, placeholder, value, onChange }: { label: string; placeholder: string; value: string; onChange: (to: string) => void }) {
  return (
    <div className="search">
      <Icon of={Search} />
      <input
        type="search"
        className="input"
        data-search
        aria-label={label}
        placeholder={placeholder}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
      {!value && <kbd>/</kbd>}
    </div>
  );
}

/** Brings the tab of this page into sight, where they are more than fit. */
export function showTab(tabs: HTMLElement | null) {
  const here = tabs?.querySelector<HTMLElement>('[aria-current="page"]');
  if (!tabs || !here || tabs.dataset.shown === here.textContent) return;
  tabs.dataset.shown = here.textContent ?? '';
  tabs.scrollLeft = here.offsetLeft - tabs.offsetLeft - 40;
}

/** Grey bars where lines will be, as tall as they will be. */
export function Bones({ rows = 6 }: { rows?: number }) {
  return (
    <div aria-busy="true" aria-label="Loading">
      {Array.from({ length: rows }, (_, n) => (
        <div className="tr" key={n} style={{ gridTemplateColumns: '1fr' }}>
          <span className="bone" style={{ width: `${38 + ((n * 37) % 45)}%` }} />
        </div>
      ))}
    </div>
  );
}

export function plural(n: number, one: string, many = `${one}s`) {
  return `${n.toLocaleString()} ${n === 1 ? one : many}`;
}
