/** Calls of the native API; every refusal becomes an `ApiError` that says what to do. */
import type {
  Board, Capability, Failure, Inspection, Job, JobRequest, Model, Preset, Queue, Recipe, StoredFile, System, Walkthrough,
} from './types';

export const BASE = '/api/v1';

export class ApiError extends Error {
  constructor(readonly status: number, readonly failure: Failure) {
    super(failure.message);
  }
}

/** Language of the messages that the server sends. */
let language = 'en';
export function setApiLanguage(value: string): void {
  language = value;
}

/** Called when the server wants a token. */
let onUnauthorised: () => void = () => undefined;
export function setUnauthorisedHandler(handler: () => void): void {
  onUnauthorised = handler;
}

async function failureOf(response: Response): Promise<Failure> {
  try {
    const body = (await response.json()) as { error?: Failure };
    if (body.error?.message) return body.error;
  } catch {
    // Not JSON: the status line has to do.
  }
  return { code: `http_${response.status}`, message: `${response.status} ${response.statusText}`.trim() };
}

export async function call<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
  const form = body instanceof FormData;
  let response: Response;
  try {
    response = await fetch(`${BASE}${path}`, {
      method,
      credentials: 'same-origin',
      headers: {
        'Accept-Language': language,
        ...(body !== undefined && !form ? { 'Content-Type': 'application/json' } : {}),
        ...headers,
      },
      ...(body === undefined ? {} : { body: form ? body : JSON.stringify(body) }),
    });
  } catch {
    throw new ApiError(0, { code: 'unreachable', message: '' });
  }
  if (response.status === 401) onUnauthorised();
  if (!response.ok) throw new ApiError(response.status, await failureOf(response));
  if (response.status === 204) return undefined as T;
  const text = await response.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

/** A key that makes a repeated request harmless; works without a secure context too. */
export function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export interface JobFilter {
  state?: string;
  capability?: string;
  board?: string;
  favourite?: boolean;
  search?: string;
  deleted?: boolean;
  before?: string;
  limit?: number;
}

function query(filter: object): string {
  const pairs = new URLSearchParams();
  for (const [key, value] of Object.entries(filter)) {
    if (value !== undefined && value !== '' && value !== false) pairs.set(key, String(value));
  }
  const text = pairs.toString();
  return text ? `?${text}` : '';
}

export const api = {
  session: (token: string) => call<unknown>('POST', '/session', { token }),
  system: () => call<System>('GET', '/system'),
  models: () => call<Model[]>('GET', '/models'),
  capabilities: () => call<Capability[]>('GET', '/capabilities'),
  presets: () => call<Preset[]>('GET', '/presets'),
  walkthroughs: () => call<Walkthrough[]>('GET', '/walkthroughs'),
  upload: async (file: Blob, name: string): Promise<StoredFile> => {
    const form = new FormData();
    form.append('file', file, name);
    const [stored] = await call<StoredFile[]>('POST', '/uploads', form);
    if (!stored) throw new ApiError(500, { code: 'upload', message: name });
    return stored;
  },
  inspect: (file: Blob, name: string) => {
    const form = new FormData();
    form.append('file', file, name);
    return call<Inspection>('POST', '/inspect', form);
  },
  submit: (request: JobRequest) => call<Job>('POST', '/jobs', request, { 'Idempotency-Key': randomKey() }),
  jobs: (filter: JobFilter) => call<{ jobs: Job[]; next?: string | null }>('GET', `/jobs${query(filter)}`),
  job: (id: string) => call<Job>('GET', `/jobs/${id}`),
  change: (id: string, fields: Partial<Pick<Job, 'priority' | 'favourite' | 'board' | 'title'>>) =>
    call<Job>('PATCH', `/jobs/${id}`, fields),
  remove: (id: string) => call<unknown>('DELETE', `/jobs/${id}`),
  act: (id: string, action: 'cancel' | 'pause' | 'resume' | 'retry' | 'restore') => call<Job>('POST', `/jobs/${id}/${action}`),
  move: (id: string, before: string | null) => call<unknown>('POST', `/jobs/${id}/move`, { before }),
  recipe: (id: string) => call<Recipe>('GET', `/jobs/${id}/recipe`),
  queue: () => call<Queue>('GET', '/queue'),
  pauseQueue: (paused: boolean) => call<unknown>('POST', `/queue/${paused ? 'pause' : 'resume'}`),
  boards: () => call<Board[]>('GET', '/boards'),
  createBoard: (title: string) => call<Board>('POST', '/boards', { title }),
  renameBoard: (id: string, title: string) => call<Board>('PATCH', `/boards/${id}`, { title }),
  deleteBoard: (id: string) => call<unknown>('DELETE', `/boards/${id}`),
};

/** Address of a stored file; with a name it is saved instead of shown. */
export function fileUrl(file: { sha256: string }, name?: string): string {
  return `${BASE}/files/${file.sha256}${name ? `?name=${encodeURIComponent(name)}` : ''}`;
}

/** What browsers can show themselves; of anything else the server makes a picture that they can. */
const SHOWN = ['image/png', 'image/jpeg', 'image/webp', 'image/gif', 'image/bmp', 'image/avif'];

export function displayUrl(file: { sha256: string; media_type: string }): string {
  return SHOWN.includes(file.media_type) ? fileUrl(file) : `${BASE}/files/${file.sha256}/thumbnail?size=2048`;
}

export function thumbnailUrl(file: { sha256: string }, size: 128 | 256 | 512 = 256): string {
  return `${BASE}/files/${file.sha256}/thumbnail?size=${size}`;
}
