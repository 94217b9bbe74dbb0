/** Light or dark: the system's wish, until the reader chooses. */
import { create } from 'zustand';

const KEY = 'danqing.theme';
const system = matchMedia('(prefers-color-scheme: dark)');

function dark(): boolean {
  const stored = localStorage.getItem(KEY);
  return stored ? stored === 'dark' : system.matches;
}

export const useTheme = create<{ dark: boolean }>(() => ({ dark: dark() }));

function apply(): void {
  document.documentElement.dataset.theme = useTheme.getState().dark ? 'dark' : 'light';
}

apply();
useTheme.subscribe(apply);
const refresh = () => useTheme.setState({ dark: dark() });
system.addEventListener('change', refresh);
addEventListener('storage', (event) => event.key === KEY && refresh());

export function toggleTheme(): void {
  localStorage.setItem(KEY, useTheme.getState().dark ? 'light' : 'dark');
  refresh();
}
