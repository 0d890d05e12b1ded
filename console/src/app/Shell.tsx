/** What stands around every page: the sidebar, the search, who is signed in. */
import { Link, Outlet, useRouterState } from '@tanstack/react-router';
import { LogOut, Menu, Monitor, Moon, Search, Sun } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useLive } from '../api/live';
import { useMe } from '../api/queries';
import { signOut } from '../api/session';
import { Avatar, Icon } from '../ui/parts';
import { Palette } from './Palette';
import { places } from './places';
import { setTheme, theme, type Theme } from './theme';

const next: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' };
const looks = { system: { icon: Monitor, name: 'as the system' }, light: { icon: Sun, name: 'light' }, dark: { icon: Moon, name: 'dark' } };

function ThemeButton() {
  const [now, set] = useState(theme());
  return (
    <button
      type="button"
      className="btn quiet icon small"
      aria-label={`Colours: ${looks[now].name}. Change to ${looks[next[now]].name}`}
      title={`Colours: ${looks[now].name}`}
      onClick={() => {
        setTheme(next[now]);
        set(next[now]);
      }}
    >
      <Icon of={looks[now].icon} />
    </button>
  );
}

/** Is the key meant for a field that is being written in? */
function writing(event: KeyboardEvent) {
  const at = event.target as HTMLElement;
  return at.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(at.tagName);
}

export function Shell() {
  const me = useMe();
  useLive();
  const [menu, setMenu] = useState(false);
  const [palette, setPalette] = useState(false);
  const path = useRouterState({ select: (state) => state.location.pathname });
  useEffect(() => setMenu(false), [path]);
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        setPalette(true);
      } else if (event.key === '/' && !writing(event) && !document.querySelector('dialog[open]')) {
        event.preventDefault();
        const field = document.querySelector<HTMLInputElement>('[data-search]');
        if (field) {
          field.focus();
          field.select();
        } else setPalette(true);
      } else if (event.key === 'Escape') setMenu(false);
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, []);
  const admin = me?.role === 'admin';
  const here = (to: string) => (to === '/' ? path === '/' : path === to || path.startsWith(`${to}/`));
  return (
    <div className="frame">
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <header className="topbar">
        <button type="button" className="btn quiet icon" aria-label="Menu" aria-expanded={menu} aria-controls="side" onClick={() => setMenu(true)}>
          <Icon of={Menu} />
        </button>
        <span className="grow cut" style={{ fontWeight: 600 }}>
          {me?.company?.name ?? 'Guildhall'}
        </span>
        <button type="button" className="btn quiet icon" aria-label="Search" onClick={() => setPalette(true)}>
          <Icon of={Search} />
        </button>
      </header>
      {menu && <button type="button" className="veil" aria-label="Close the menu" onClick={() => setMenu(false)} />}
      <aside className="side" id="side" data-open={menu}>
        <div className="brand">
          <img src="/console/favicon.svg" alt="" width="24" height="24" />
          <span className="cut">{me?.company?.name ?? 'Guildhall'}</span>
        </div>
        <button type="button" className="finder" onClick={() => setPalette(true)} aria-keyshortcuts="Control+K">
          <Icon of={Search} /> Search or go to… <kbd>{/Mac/.test(navigator.platform) ? '⌘K' : 'Ctrl K'}</kbd>
        </button>
        <nav aria-label="Console">
          {places.map((part) => {
            const items = part.items.filter((place) => !place.admin || admin);
            return (
              <div key={part.title ?? ''}>
                {part.title && <h3>{part.title}</h3>}
                {items.map((place) => (
                  <Link key={place.to} to={place.to} className="nav" aria-current={here(place.to) ? 'page' : undefined}>
                    <Icon of={place.icon} />
                    {place.name}
                  </Link>
                ))}
              </div>
            );
          })}
        </nav>
        <div className="who row">
          {me?.user && (
            <Link to="/users/$user" params={{ user: me.user.id }} className="row grow" title={me.user.email}>
              <Avatar name={me.user.name} />
              <span className="grow">
                <span className="cut small" style={{ display: 'block', fontWeight: 550 }}>
                  {me.user.name}
                </span>
                <span className="xs faint" style={{ display: 'block' }}>
                  {me.role}
                  {me.access === 'read' && ' · read only'}
                </span>
              </span>
            </Link>
          )}
          <ThemeButton />
          <button type="button" className="btn quiet icon small" aria-label="Sign out" title="Sign out" onClick={() => void signOut()}>
            <Icon of={LogOut} />
          </button>
        </div>
      </aside>
      <main className="main" id="main" tabIndex={-1}>
        <Outlet />
      </main>
      {palette && <Palette onClose={() => setPalette(false)} />}
    </div>
  );
}
