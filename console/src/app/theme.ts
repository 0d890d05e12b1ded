/** Light or dark: as the system has it, unless the reader chose. */
export type Theme = 'system' | 'light' | 'dark';

export function theme(): Theme {
  const kept = localStorage.getItem('guildhall-theme');
  return kept === 'light' || kept === 'dark' ? kept : 'system';
}

export function setTheme(to: Theme) {
  if (to === 'system') localStorage.removeItem('guildhall-theme');
  else localStorage.setItem('guildhall-theme', to);
  apply();
}

export function apply() {
  const now = theme();
  if (now === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = now;
}

apply();
