/** The command palette: every page, person and group in a few letters. */
import { useNavigate } from '@tanstack/react-router';
import { Plus, Search, type LucideIcon } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useRights } from '../api/queries';
import { Avatar, Icon } from '../ui/parts';
import { useFound } from '../ui/picker';
import { places } from './places';

interface Line {
  key: string;
  name: string;
  more: string;
  icon?: LucideIcon;
  face?: 'user' | 'group';
  go: () => void;
}

export function Palette({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const { admin, manages } = useRights();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    ref.current?.showModal();
  }, []);
  const asked = text.trim().toLocaleLowerCase();
  const { found, busy } = useFound(['group', 'user', 'app'], text, asked.length > 0);
  const go = (to: string, rest: object = {}) => () => void navigate({ to, ...rest } as never);
  const pages: Line[] = places
    .flatMap((part) => part.items)
    .filter((place) => !place.admin || admin)
    .map((place) => ({ key: place.to, name: place.name, more: 'Page', icon: place.icon, go: go(place.to), words: place.words }))
    .filter((line) => `${line.name} ${line.words ?? ''}`.toLocaleLowerCase().includes(asked));
  const acts: Line[] = (
    manages
      ? [
          { key: 'new-group', name: 'New group', more: 'Action', icon: Plus, go: go('/groups', { search: { new: true } }) },
          { key: 'new-user', name: 'New user', more: 'Action', icon: Plus, go: go('/users', { search: { new: true } }) },
        ]
      : []
  ).filter((line) => line.name.toLocaleLowerCase().includes(asked));
  const things: Line[] = asked
    ? found.map((one) => ({
        key: one.id,
        name: one.name,
        more: one.type === 'user' ? (one.more ?? '') : one.type === 'app' ? 'App' : 'Group',
        face: one.type === 'user' ? 'user' : 'group',
        go: one.type === 'user' ? go('/users/$user', { params: { user: one.id } }) : one.type === 'app' ? go('/apps/$app', { params: { app: one.id } }) : go('/groups/$group', { params: { group: one.id } }),
      }))
    : [];
  const lines = asked ? [...things, ...pages, ...acts] : [...pages, ...acts];
  const choose = (line: Line | undefined) => {
    if (!line) return;
    onClose();
    line.go();
  };
  return (
    <dialog ref={ref} className="palette" aria-label="Search or go to" onCancel={onClose} onClose={onClose} onMouseDown={(event) => event.target === event.currentTarget && onClose()}>
      <div className="ask">
        <Icon of={Search} />
        <input
          role="combobox"
          aria-expanded="true"
          aria-controls="palette-list"
          aria-activedescendant={lines[at] ? `palette-${at}` : undefined}
          aria-label="Search people, groups, apps and pages"
          placeholder="Search people, groups, apps and pages"
          autoComplete="off"
          autoFocus
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setAt(0);
          }}
          onKeyDown={(event) => {
            if (event.key === 'ArrowDown') setAt((n) => Math.min(n + 1, lines.length - 1));
            else if (event.key === 'ArrowUp') setAt((n) => Math.max(n - 1, 0));
            else if (event.key === 'Enter') choose(lines[at]);
            else return;
            event.preventDefault();
          }}
        />
      </div>
      <ul role="listbox" id="palette-list" aria-label="What was found">
        {lines.map((line, n) => (
          <li key={line.key} id={`palette-${n}`} role="option" aria-selected={n === at} className="option" onClick={() => choose(line)} onMouseMove={() => setAt(n)} ref={n === at ? (item) => item?.scrollIntoView({ block: 'nearest' }) : undefined}>
            {line.icon ? <Icon of={line.icon} /> : <Avatar name={line.name} group={line.face === 'group'} />}
            <span className="cut">{line.name}</span>
            <span className="end cut">{line.more}</span>
          </li>
        ))}
        {lines.length === 0 && (
          <li className="option muted" role="option" aria-selected="false">
            {busy ? 'Searching…' : 'Nothing found'}
          </li>
        )}
      </ul>
    </dialog>
  );
}
