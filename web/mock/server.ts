/**
 * A stand-in for the server while the page is developed: it keeps everything in memory, and its jobs take two seconds and
 * give the picture back. Capabilities come from `mock/capabilities.json` (`danqing capabilities --json > …`).
 */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';
import type { Capability, Job, JobRequest, StoredFile } from '../src/api/types.ts';

const CAPABILITIES = fileURLToPath(new URL('capabilities.json', import.meta.url));

const files = new Map<string, { bytes: Buffer; file: StoredFile }>();
const jobs = new Map<string, Job>();
const timers = new Map<string, ReturnType<typeof setInterval>>();
const clients = new Set<ServerResponse>();
const boards: { id: string; title: string; count: number }[] = [];
let paused = false;
let order: string[] = [];
let eventId = 0;

function sizeOf(bytes: Buffer): [number, number] {
  if (bytes.readUInt32BE(0) === 0x89504e47) return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
  for (let at = 2; at + 9 < bytes.length;) {
    const marker = bytes.readUInt16BE(at);
    if (marker >= 0xffc0 && marker <= 0xffc3) return [bytes.readUInt16BE(at + 7), bytes.readUInt16BE(at + 5)];
    at += 2 + bytes.readUInt16BE(at + 2);
  }
  return [512, 512];
}

function stored(bytes: Buffer, name: string): StoredFile {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const [width, height] = sizeOf(bytes);
  const media_type = bytes[0] === 0x89 ? 'image/png' : 'image/jpeg';
  const url = `/api/v1/files/${sha256}`;
  const file = { sha256, url, thumbnail: `${url}/thumbnail?size=256`, name, media_type, width, height, bytes: bytes.length };
  files.set(sha256, { bytes, file });
  return file;
}

function send(event: string, data: unknown): void {
  eventId += 1;
  for (const client of clients) client.write(`id: ${eventId}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

const queue = () => ({
  paused,
  running: [...jobs.values()].filter((job) => job.state === 'running').map((job) => job.id),
  waiting: order.filter((id) => jobs.get(id)?.state === 'queued' || jobs.get(id)?.state === 'paused'),
});

function put(job: Job, changes: Partial<Job>): Job {
  const next = { ...job, ...changes };
  jobs.set(job.id, next);
  send('job', next);
  send('queue', queue());
  return next;
}

function startNext(): void {
  if (paused || queue().running.length) return;
  const id = order.find((one) => jobs.get(one)?.state === 'queued');
  const job = id && jobs.get(id);
  if (!job) return;
  put(job, { state: 'running', started_at: new Date().toISOString() });
  let fraction = 0;
  timers.set(job.id, setInterval(() => {
    fraction += 0.04;
    const progress = { step: 'fill', fraction, eta_seconds: (1 - fraction) * 3 };
    if (fraction < 1) return send('progress', { id: job.id, ...progress });
    stop(job.id);
    const picture = Object.values(job.inputs).flat()[0];
    const facts = { max_difference_outside: 0, seam_ratio: 1.21 };
    put(jobs.get(job.id)!, {
      state: 'done', finished_at: new Date().toISOString(), resolved: { ...job.params, seed: 1234 },
      outputs: picture ? [{ name: 'picture', index: 0, file: picture, facts }] : [],
    });
    startNext();
  }, 80));
}

function stop(id: string): void {
  clearInterval(timers.get(id));
  timers.delete(id);
}

function submit(request: JobRequest): Job {
  const inputs = Object.fromEntries(
    Object.entries(request.inputs).map(([port, value]) => [port, [value].flat().map((sha256) => files.get(sha256)!.file)]),
  );
  const job: Job = {
    id: randomUUID(), capability: request.capability, state: 'queued', priority: 0, created_at: new Date().toISOString(),
    params: request.params, inputs, outputs: [], warnings: [], favourite: false, board: request.board ?? null,
  };
  order.push(job.id);
  jobs.set(job.id, job);
  send('job', job);
  setTimeout(startNext, 30);
  return job;
}

function list(query: URLSearchParams): { jobs: Job[]; next: null } {
  const text = query.get('search')?.toLowerCase();
  const all = [...jobs.values()].reverse().filter((job) =>
    (query.get('deleted') === 'true') === Boolean(job.deleted_at)
    && (!query.get('favourite') || job.favourite)
    && (!query.get('state') || job.state === query.get('state'))
    && (!query.get('board') || job.board === query.get('board'))
    && (!query.get('capability') || job.capability === query.get('capability'))
    && (!text || JSON.stringify(job).toLowerCase().includes(text)));
  return { jobs: all, next: null };
}

function actOn(job: Job, action: string): Job {
  switch (action) {
    case 'cancel':
      stop(job.id);
      setTimeout(startNext, 10);
      return put(job, { state: 'cancelled', finished_at: new Date().toISOString() });
    case 'pause':
      stop(job.id);
      return put(job, { state: 'paused' });
    case 'restore':
      return put(job, { deleted_at: null });
    default:
      setTimeout(startNext, 10);
      return put(job, { state: 'queued' });
  }
}

const titles: Record<string, [string, string]> = {
  erase: ['Erase', '擦除'], extend: ['Extend', '扩图'], restyle: ['Restyle', '风格'], cutout: ['Cut out', '抠图'],
  upscale: ['Upscale', '放大'], adjust: ['Adjust', '调整'], reimagine: ['Reimagine', '重绘'],
};

function capabilities(): Capability[] {
  const all = existsSync(CAPABILITIES) ? (JSON.parse(readFileSync(CAPABILITIES, 'utf8')) as Capability[]) : [];
  return all.map((one) => ({ ...one, title: { en: titles[one.id]?.[0] ?? one.id, zh: titles[one.id]?.[1] ?? one.id } }));
}

const presets = ['ink-wash:Ink wash:水墨画', 'oil:Oil painting:油画', 'watercolour:Watercolour:水彩', 'pencil:Pencil:素描', 'woodcut:Woodcut:木刻']
  .map((line) => line.split(':'))
  .map(([id, en, zh]) => ({ id, capability: 'restyle', title: { en, zh }, params: { style: id } }));

const walkthroughs = [
  { id: '1-ink-wash', title: { en: 'Portrait to ink wash', zh: '人像变水墨' }, description: { en: 'The face stays, ink does the rest.', zh: '保留原图像的主体元素' }, request: { capability: 'restyle', inputs: { picture: 'pictures/astronaut.jpg' }, params: { style: 'ink-wash', seed: 1 } } },
  { id: '2-oil', title: { en: 'In the manner of van Gogh', zh: '梵高的笔意' }, description: { en: 'A landscape takes its strokes from a painting.', zh: '风景借一幅画的笔触' }, request: { capability: 'restyle', inputs: { picture: 'pictures/pavilion.jpg', style_image: ['pictures/wheat-field.jpg'] }, params: { seed: 1 } } },
  { id: '3-extend', title: { en: 'Portrait to 4:3', zh: '人像扩展至 4:3' }, description: { en: 'More room to both sides.', zh: '两侧留出更多空间' }, request: { capability: 'extend', inputs: { picture: 'pictures/astronaut.jpg' }, params: { ratio: '4:3', seed: 1 } } },
];

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function uploads(request: IncomingMessage, body: Buffer): Promise<StoredFile[]> {
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': request.headers['content-type'] ?? '' } }).formData();
  return Promise.all(form.getAll('file').map(async (one) => {
    const file = one as File;
    return stored(Buffer.from(await file.arrayBuffer()), file.name);
  }));
}

function answer(response: ServerResponse, status: number, body?: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(body === undefined ? '' : JSON.stringify(body));
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '', 'http://mock');
  const [first, id, action] = url.pathname.replace('/api/v1/', '').split('/');
  const method = request.method ?? 'GET';
  const body = await bodyOf(request);
  const json = () => JSON.parse(body.toString() || '{}') as Record<string, unknown>;
  const job = first === 'jobs' && id ? jobs.get(id) : undefined;
  if (first === 'events') {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(': hello\n\n');
    clients.add(response);
    request.on('close', () => clients.delete(response));
    return;
  }
  if (first === 'files') {
    const file = files.get(id ?? '');
    if (!file) return answer(response, 404, { error: { code: 'not_found', message: 'no such file' } });
    response.writeHead(200, { 'content-type': file.file.media_type, 'cache-control': 'max-age=99999' });
    response.end(file.bytes);
    return;
  }
  if (first === 'uploads') return answer(response, 201, await uploads(request, body));
  if (first === 'inspect') return answer(response, 200, { format: 'jpeg', width: 1, height: 1, source: 'none' });
  if (first === 'capabilities') return answer(response, 200, capabilities());
  if (first === 'presets') return answer(response, 200, presets);
  if (first === 'walkthroughs') return answer(response, 200, walkthroughs);
  if (first === 'models') return answer(response, 200, []);
  if (first === 'system') return answer(response, 200, { version: 'mock', limits: { upload_bytes: 1e8, pixels: 1e8, queued_jobs: 100 } });
  if (first === 'queue') {
    if (method === 'POST') paused = id === 'pause';
    if (method === 'POST') send('queue', queue());
    startNext();
    return answer(response, 200, queue());
  }
  if (first === 'boards') {
    if (method === 'POST') boards.push({ id: randomUUID(), title: String(json().title), count: 0 });
    return answer(response, 200, method === 'POST' ? boards.at(-1) : boards);
  }
  if (first === 'jobs' && !id) return method === 'POST' ? answer(response, 201, submit(json() as unknown as JobRequest)) : answer(response, 200, list(url.searchParams));
  if (!job) return answer(response, 404, { error: { code: 'not_found', message: `nothing at ${url.pathname}` } });
  if (action === 'recipe') {
    const inputs = Object.fromEntries(Object.entries(job.inputs).map(([port, all]) => [port, all.map((file) => file.sha256)]));
    return answer(response, 200, { request: { capability: job.capability, params: job.params, inputs }, command: `danqing ${job.capability} ${job.inputs.picture?.[0]?.name ?? ''} -o out.png` });
  }
  if (action === 'move') {
    const before = json().before as string | null;
    order = order.filter((one) => one !== job.id);
    order.splice(before ? order.indexOf(before) : order.length, 0, job.id);
    send('queue', queue());
    return answer(response, 200, queue());
  }
  if (action) return answer(response, 200, actOn(job, action));
  if (method === 'PATCH') return answer(response, 200, put(job, json()));
  if (method === 'DELETE') return answer(response, 200, put(job, { deleted_at: new Date().toISOString() }));
  return answer(response, 200, job);
}

export function mockApi(): Plugin {
  return {
    name: 'danqing-mock',
    configureServer(vite) {
      vite.middlewares.use((request, response, next) => {
        if (!request.url?.startsWith('/api/v1/')) return next();
        handle(request, response).catch((error: unknown) => answer(response, 500, { error: { code: 'mock', message: String(error) } }));
      });
    },
  };
}
