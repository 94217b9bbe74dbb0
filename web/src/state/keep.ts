/**
 * Keeps state over a reload. Each tab has its own copy, so that two tabs can work on two pictures; a new tab starts from
 * what was kept last.
 */
const VERSION = 1;

export interface Keeper<T> {
  /** What was kept, or nothing. */
  kept: () => Partial<T>;
  /** Keeps the named parts of the state, soon. */
  keep: (state: T) => void;
}

export function keeper<T>(key: string, names: (keyof T)[]): Keeper<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let pending: T | undefined;

  const kept = (): Partial<T> => {
    try {
      const text = sessionStorage.getItem(key) ?? localStorage.getItem(key);
      const { version, ...state } = JSON.parse(text ?? '{}') as { version?: number } & Partial<T>;
      if (version !== VERSION) return {};
      return Object.fromEntries(Object.entries(state).filter(([name]) => names.includes(name as keyof T))) as Partial<T>;
    } catch {
      return {};
    }
  };
  const flush = () => {
    const state = pending;
    pending = undefined;
    if (!state) return;
    const text = JSON.stringify({ version: VERSION, ...Object.fromEntries(names.map((name) => [name, state[name]])) });
    try {
      sessionStorage.setItem(key, text);
      localStorage.setItem(key, text);
    } catch {
      // A full or forbidden storage only means that a reload starts anew.
    }
  };
  addEventListener('pagehide', flush);
  return {
    kept,
    keep: (state) => {
      pending = state;
      clearTimeout(timer);
      timer = setTimeout(flush, 150);
    },
  };
}
