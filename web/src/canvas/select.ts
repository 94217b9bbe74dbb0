/** Click to select: the capability `select` finds the object under a point, and its mask joins the one that is painted. */
import { api, fileUrl } from '../api/client';
import type { Job, Params } from '../api/types';
import { t } from '../language';
import { maskFromFile } from '../mask/files';
import { paperOf, useMask } from '../mask/store';
import { capabilityOf } from '../state/catalogue';
import { isOver, onFinished, takeNew, useJobs } from '../state/jobs';
import { complain, tell } from '../state/notices';
import { useStudio } from '../state/studio';
import type { Spot } from './view';

export const SELECT = 'select';

function finished(id: string): Promise<Job> {
  return new Promise((resolve) => {
    const job = useJobs.getState().jobs[id];
    if (job && isOver(job)) return resolve(job);
    const stop = onFinished((one) => {
      if (one.id !== id) return;
      stop();
      resolve(one);
    });
  });
}

/** A drag that is longer than this many pixels of the picture means a rectangle around the object. */
const CLICK = 6;

function meant(from: Spot, to: Spot): Params {
  const [width, height] = [Math.abs(to.x - from.x), Math.abs(to.y - from.y)];
  if (width < CLICK || height < CLICK) return { points: [{ x: Math.round(from.x), y: Math.round(from.y) }] };
  return { rectangle: { x: Math.round(Math.min(from.x, to.x)), y: Math.round(Math.min(from.y, to.y)), width: Math.round(width), height: Math.round(height) } };
}

export async function selectAt(from: Spot, to: Spot, erase: boolean): Promise<void> {
  const { picture } = useStudio.getState();
  const paper = paperOf(useMask.getState().port);
  if (!picture || !paper || !capabilityOf(SELECT)) return;
  tell({ message: t('tool.selecting') });
  try {
    const submitted = await api.submit({ capability: SELECT, params: meant(from, to), inputs: { picture: picture.sha256 }, priority: 10 });
    takeNew(submitted);
    const job = await finished(submitted.id);
    const output = job.outputs.find((one) => one.name === 'mask') ?? job.outputs[0];
    if (!output) {
      if (job.error) tell({ tone: 'bad', message: job.error.message, hint: job.error.hint });
      return;
    }
    const blob = await (await fetch(fileUrl(output.file))).blob();
    const { data } = await maskFromFile(blob, paper.width, paper.height);
    const old = paper.data().data;
    // A tool's job is no work of its own.
    void api.remove(job.id).catch(() => undefined);
    paper.replace(data.map((value, i) => (erase ? Math.min(old[i]!, 255 - value) : Math.max(old[i]!, value))));
  } catch (error) {
    complain(error);
  }
}
