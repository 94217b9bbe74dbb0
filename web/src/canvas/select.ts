/** Click to select: the capability `select` finds the object under a point, and its mask joins the one that is painted. */
import { api, fileUrl } from '../api/client';
import type { Job } from '../api/types';
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

export async function selectAt(spot: Spot, erase: boolean): Promise<void> {
  const { picture } = useStudio.getState();
  const paper = paperOf(useMask.getState().port);
  if (!picture || !paper || !capabilityOf(SELECT)) return;
  tell({ message: t('tool.selecting') });
  try {
    const points = [{ x: Math.round(spot.x), y: Math.round(spot.y) }];
    const submitted = await api.submit({ capability: SELECT, params: { points }, inputs: { picture: picture.sha256 }, priority: 10 });
    takeNew(submitted);
    const job = await finished(submitted.id);
    const output = job.outputs.find((one) => one.name === 'mask') ?? job.outputs[0];
    if (!output) return;
    const blob = await (await fetch(fileUrl(output.file))).blob();
    const { data } = await maskFromFile(blob, paper.width, paper.height);
    const old = paper.data().data;
    paper.replace(data.map((value, i) => (erase ? Math.min(old[i]!, 255 - value) : Math.max(old[i]!, value))));
  } catch (error) {
    complain(error);
  }
}
