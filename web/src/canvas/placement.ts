/** Where the picture from before lies within the result, so that both can be compared place by place. */
import type { Job } from '../api/types';
import { sidesOf } from './frame';
import type { Box, Size } from './view';

const NEARLY = 0.015;

export function placementOf(job: Pick<Job, 'params' | 'resolved'> | undefined, before: Size, after: Size): Box {
  if (before.width === after.width && before.height === after.height) return { x: 0, y: 0, ...after };
  const aspects = (before.width / before.height) / (after.width / after.height);
  const params = job?.resolved ?? job?.params;
  if (params && ('ratio' in params || 'left' in params || 'right' in params || 'top' in params || 'bottom' in params)) {
    const sides = sidesOf(params, before);
    const fits = Math.abs(before.width + sides.left + sides.right - after.width) <= 2
      && Math.abs(before.height + sides.top + sides.bottom - after.height) <= 2;
    if (fits) return { x: sides.left, y: sides.top, ...sizeOf(before) };
  }
  if (Math.abs(aspects - 1) < NEARLY) return { x: 0, y: 0, ...after };
  // Cropped or turned: the whole of it, as large as it goes, in the middle.
  const scale = Math.min(after.width / before.width, after.height / before.height);
  const [width, height] = [before.width * scale, before.height * scale];
  return { x: (after.width - width) / 2, y: (after.height - height) / 2, width, height };
}

function sizeOf({ width, height }: Size): Size {
  return { width, height };
}
