/**
 * Keeps state over a reload. Each tab has its own copy, so that two tabs can work on two pictures; a new tab starts from
 * what was kept last.
 */
const KEY = 'danqing.studio';
const VERSION = 1;

export function kept<T>(names: (keyof T)[]): Partial<T> {
  try {
    const text = sessionStorage.getItem(KEY) ?? localStorage.getItem(KEY);
    const { version, ...state } = JSON.parse(text ?? '{}') as { version?: number } & Partial<T>;
    if (version !== VERSION) return {};
    return Object.fromEntries(Object.entries(state).filter(([name]) => names.includes(name as keyof T))) as Partial<T>;
  } catch {
    return {};
  }
}

let timer: ReturnType<typeof setTimeout> | undefined;
let pending: (() => void) | undefined;

export function keep<T>(state: T, names: (keyof T)[]): void {
  pending = () => {
    const text = JSON.stringify({ version: VERSION, ...Object.fromEntries(names.map((name) => [name, state[name]])) });
    try {
      sessionStorage.setItem(KEY, text);
      localStorage.setItem(KEY, text);
    } catch {
      // A full or forbidden storage only means that a reload starts anew.
    }
  };
  clearTimeout(timer);
  timer = setTimeout(flush, 150);
}

function flush(): void {
  pending?.();
  pending = undefined;
}

addEventListener('pagehide', flush);
