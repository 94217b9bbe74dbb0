/** The server's event stream; the browser itself reconnects and continues at the last id. */
import { BASE } from './client';
import type { Job, Progress, Queue } from './types';

export interface Listeners {
  job: (job: Job) => void;
  progress: (progress: Progress & { id: string }) => void;
  preview: (preview: { id: string; url: string }) => void;
  queue: (queue: Queue) => void;
  connected: (connected: boolean) => void;
}

/** Opens the stream and returns what closes it. A stream that the server refused is tried again every few seconds. */
export function listen(listeners: Listeners): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const open = () => {
    source = new EventSource(`${BASE}/events`, { withCredentials: true });
    source.onopen = () => listeners.connected(true);
    source.onerror = () => {
      listeners.connected(false);
      if (source?.readyState === EventSource.CLOSED) timer = setTimeout(open, 3000);
    };
    for (const name of ['job', 'progress', 'preview', 'queue'] as const) {
      source.addEventListener(name, (event) => {
        const data: unknown = JSON.parse((event as MessageEvent<string>).data);
        (listeners[name] as (data: unknown) => void)(data);
      });
    }
  };
  open();
  return () => {
    clearTimeout(timer);
    source?.close();
  };
}
