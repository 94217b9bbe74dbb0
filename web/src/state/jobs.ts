/** Jobs, their progress and the queue, as the server tells them; the same in every tab. */
import { create } from 'zustand';
import { api } from '../api/client';
import { listen } from '../api/events';
import type { Job, Progress, Queue } from '../api/types';
import { complain } from './notices';

interface JobsState {
  jobs: Record<string, Job>;
  progress: Record<string, Progress & { since: number }>;
  previews: Record<string, string>;
  queue: Queue;
  connected: boolean;
  loaded: boolean;
}

export const useJobs = create<JobsState>(() => ({
  jobs: {}, progress: {}, previews: {}, queue: { paused: false, running: [], waiting: [] }, connected: true, loaded: false,
}));

export const isOver = (job: Job) => job.state === 'done' || job.state === 'failed' || job.state === 'cancelled';
export const isLive = (job: Job) => job.state === 'queued' || job.state === 'running' || job.state === 'paused';

type Finished = (job: Job) => void;
const finishedHandlers = new Set<Finished>();

/** Calls back when a job reaches its end while the page is open. */
export function onFinished(handler: Finished): () => void {
  finishedHandlers.add(handler);
  return () => finishedHandlers.delete(handler);
}

/** Takes a job as the server tells it now. */
export function take(job: Job): void {
  const before = useJobs.getState().jobs[job.id];
  useJobs.setState((state) => {
    const { [job.id]: _, ...progress } = state.progress;
    const { [job.id]: __, ...previews } = state.previews;
    return {
      jobs: { ...state.jobs, [job.id]: job },
      ...(job.state === 'running' ? {} : { progress, previews }),
    };
  });
  if (isOver(job) && before && !isOver(before)) finishedHandlers.forEach((handler) => handler(job));
}

/** How often the server has told of each job unasked. */
const told = new Map<string, number>();

/** Takes an answer about a job, unless the server has told of it meanwhile: then the answer is the older word. */
async function takeAnswer(id: string, answer: Promise<Job | undefined>): Promise<void> {
  const before = told.get(id);
  const job = await answer;
  if (job?.id && told.get(id) === before) take(job);
}

/**
 * Takes the answer to a submission. It may arrive after all events of the same job: then the job's end is told again, now
 * that the page knows it as its own.
 */
export function takeNew(job: Job): void {
  const known = useJobs.getState().jobs[job.id];
  if (!known) take(job);
  else if (isOver(known)) finishedHandlers.forEach((handler) => handler(known));
}

export function takeMany(jobs: Job[]): void {
  useJobs.setState((state) => ({ jobs: { ...state.jobs, ...Object.fromEntries(jobs.map((job) => [job.id, job])) } }));
}

export async function loadJobs(): Promise<void> {
  const [recent, queue] = await Promise.all([api.jobs({ limit: 60 }), api.queue()]);
  const known = useJobs.getState().jobs;
  recent.jobs.filter((job) => known[job.id]).forEach(take);
  takeMany(recent.jobs);
  const unknown = [...queue.running, ...queue.waiting].filter((id) => !useJobs.getState().jobs[id]);
  takeMany(await Promise.all(unknown.map((id) => api.job(id))));
  useJobs.setState({ queue, loaded: true });
}

/** Follows the server; after a break everything is read anew. */
export function followJobs(): () => void {
  return listen({
    job: (job) => {
      told.set(job.id, (told.get(job.id) ?? 0) + 1);
      take(job);
    },
    progress: ({ id, ...progress }) =>
      useJobs.setState((state) => ({ progress: { ...state.progress, [id]: { ...progress, since: Date.now() } } })),
    preview: ({ id, url }) => useJobs.setState((state) => ({ previews: { ...state.previews, [id]: url } })),
    queue: (queue) => useJobs.setState({ queue }),
    connected: (connected) => {
      const was = useJobs.getState().connected;
      useJobs.setState({ connected });
      if (connected && !was) loadJobs().catch(complain);
    },
  });
}

/** Does something to a job and shows at once what the server made of it. */
export async function act(id: string, action: Parameters<typeof api.act>[1]): Promise<void> {
  try {
    await takeAnswer(id, api.act(id, action));
  } catch (error) {
    complain(error);
  }
}

export async function change(id: string, fields: Parameters<typeof api.change>[1]): Promise<void> {
  try {
    await takeAnswer(id, api.change(id, fields));
  } catch (error) {
    complain(error);
  }
}

/** What a running job's picture looks like so far. */
export const previewOf = (state: JobsState, job: Job): string | undefined =>
  job.state === 'running' ? state.previews[job.id] ?? job.preview ?? undefined : undefined;

export const progressOf = (state: JobsState, job: Job): Progress | undefined => state.progress[job.id] ?? job.progress ?? undefined;
