/** What the canvas shows now: one picture, or a result and the picture from before it. */
import type { Job, StoredFile } from '../api/types';
import { useJobs } from '../state/jobs';
import { useStudio } from '../state/studio';
import { placementOf } from './placement';
import type { Box } from './view';

export interface Scene {
  after: StoredFile;
  /** Set when a result is shown: what it is compared with, and where that lies within it. */
  before: StoredFile | undefined;
  beforeBox: Box;
  job: Job | undefined;
}

export function useScene(): Scene | undefined {
  const picture = useStudio((state) => state.picture);
  const shown = useStudio((state) => state.shown);
  const against = useStudio((state) => state.against);
  const job = useJobs((state) => (shown ? state.jobs[shown.job] : undefined));
  const output = job?.outputs[shown?.index ?? 0]?.file;
  if (shown && output) {
    const made = job.inputs.picture?.[0];
    const before = against ?? made;
    const beforeBox = before ? placementOf(before === made ? job : undefined, before, output) : { x: 0, y: 0, width: 0, height: 0 };
    return { after: output, before, beforeBox, job };
  }
  if (!picture) return undefined;
  return { after: picture, before: undefined, beforeBox: { x: 0, y: 0, width: picture.width, height: picture.height }, job: undefined };
}
