/** Finds users and groups as one types, by mouse, finger or keyboard. */
import { Search, X } from 'lucide-react';
import { useDeferredValue, useId, useState } from 'react';
import { learn, useGet } from '../api/queries';
import { Avatar, Icon } from './parts';

export interface Picked {
  id: string;
  name: string;
  type: 'user' | 'group' | 'app' | 'role';
  more?: string;
}

/** What is found for a text, as far as it is known. */
export function useFound(kinds: Picked['type'][], text: string, when = true): { found: Picked[]; busy: boolean } {
  const q = useDeferredValue(text.trim());
  const users = useGet('/v1/companies/{company}/users', { query: { q, limit: 8 } }, when && kinds.includes('user'), true);
  const groups = useGet('/v1/companies/{company}/groups', { query: { q, limit: 8 } }, when && kinds.includes('group'), true);
  const apps = useGet('/v1/companies/{company}/apps', { query: { q, limit: 8 } }, when && kinds.includes('app'), true);
  const roles = useGet('/v1/companies/{company}/roles', {}, when && kinds.includes('role'));
  const folded = text.trim().toLocaleLowerCase();
  const found: Picked[] = [
    ...(groups.data?.items ?? []).map((one) => ({ id: one.id, name: one.name, type: 'group' as const, more: one.description ?? 'Group' })),
    ...(users.data?.items ?? []).map((one) => ({ id: one.id, name: one.name, type: 'user' as const, more: one.email })),
    ...(apps.data?.items ?? []).map((one) => ({ id: one.id, name: one.name, type: 'app' as const, more: 'App' })),
    ...(roles.data?.items ?? []).filter((one) => one.name.toLocaleLowerCase().includes(folded)).map((one) => ({ id: one.id, name: one.name, type: 'role' as const, more: 'Role' })),
  ];
  for (const one of found) if (one.type === 'user' || one.type === 'group') learn(one.id, one.name, one.type);
  // What was found for the letters before is sorted out at once, before the server has answered.
  const fits = folded === q.toLocaleLowerCase() ? found : found.filter((one) => `${one.name} ${one.more ?? ''}`.toLocaleLowerCase().includes(folded));
  return { found: fits, busy: users.isFetching || groups.isFetching || apps.isFetching };
}

interface Shape {
  label: string;
  kinds: Picked['type'][];
  value: Picked[];
  onChange: (to: Picked[]) => void;
  many?: boolean;
  hint?: string;
  without?: string[];
  autoFocus?: boolean;
}

export function Picker({ label, kinds, value, onChange, many, hint, without = [], autoFocus }: Shape) {
  const id = useId();
  const [text, setText] = useState('');
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  const { found, busy } = useFound(kinds, text, open);
  const options = found.filter((one) => !without.includes(one.id) && !value.some((held) => held.id === one.id));
  const pick = (one: Picked) => {
    onChange(many ? [...value, one] : [one]);
    setText('');
    setAt(0);
    setOpen(false);
  };
  const showInput = many || value.length === 0;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {value.length > 0 && (
        <div className="chips">
          {value.map((one) => (
            <span className="chip" key={one.id}>
              <span className="cut">{one.name}</span>
              <button type="button" aria-label={`Leave out ${one.name}`} onClick={() => onChange(value.filter((held) => held.id !== one.id))}>
                <Icon of={X} />
              </button>
            </span>
          ))}
        </div>
      )}
      {showInput && (
        <div className="picker search" style={{ maxWidth: 'none' }}>
          <Icon of={Search} />
          <input
            id={id}
            className="input"
            role="combobox"
            aria-expanded={open}
            aria-controls={`${id}-list`}
            aria-autocomplete="list"
            aria-activedescendant={open && options[at] ? `${id}-${at}` : undefined}
            autoComplete="off"
            // A dialog's first field takes the focus as the dialog opens.
            autoFocus={autoFocus}
            placeholder={`Search ${kinds.map((kind) => `${kind}s`).join(' and ')}`}
            value={text}
            onChange={(event) => {
              setText(event.target.value);
              setAt(0);
              setOpen(true);
            }}
            onClick={() => setOpen(true)}
            onBlur={() => setOpen(false)}
            onKeyDown={(event) => {
              if (event.key === 'ArrowDown' && !open) setOpen(true);
              else if (event.key === 'ArrowDown') setAt((n) => Math.min(n + 1, options.length - 1));
              else if (event.key === 'ArrowUp') setAt((n) => Math.max(n - 1, 0));
              else if (event.key === 'Enter' && open && options[at]) pick(options[at]);
              else if (event.key === 'Escape' && open) {
                setOpen(false);
                event.stopPropagation();
              } else if (event.key === 'Backspace' && !text && value.length) onChange(value.slice(0, -1));
              else return;
              event.preventDefault();
            }}
          />
          <div className="list" role="listbox" id={`${id}-list`} aria-label={label} hidden={!open}>
            {options.map((one, n) => (
              // Pressed, not clicked: a click would come after the field has lost the focus.
              <div key={one.id} id={`${id}-${n}`} role="option" aria-selected={n === at} className="option" onMouseDown={(event) => (event.preventDefault(), pick(one))} onMouseEnter={() => setAt(n)}>
                <Avatar name={one.name} group={one.type !== 'user'} />
                <span className="cut">{one.name}</span>
                <span className="end cut">{one.more}</span>
              </div>
            ))}
            {options.length === 0 && (
              <div className="option muted" role="option" aria-selected="false" aria-disabled="true">
                {busy ? 'Searching…' : text ? 'Nothing found' : 'Type to search'}
              </div>
            )}
          </div>
        </div>
      )}
      {hint && <span className="hint">{hint}</span>}
    </div>
  );
}
