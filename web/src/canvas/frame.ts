/** The frame that `extend` fills: sides in pixels from a ratio and an anchor, or from lengths. */
import type { Params } from '../api/types';
import type { Size } from './view';

export interface Sides {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export const SIDES = ['left', 'right', 'top', 'bottom'] as const;
export type Side = (typeof SIDES)[number];

/** Pixels of a length such as `128`, `"64px"` or `"25%"`. */
export function pixelsOf(length: unknown, whole: number): number {
  if (typeof length === 'number') return Math.max(0, Math.round(length));
  const parts = /^([0-9.]+) ?(%|px)?$/.exec(typeof length === 'string' ? length.trim() : '');
  if (!parts) return 0;
  const value = Number(parts[1]);
  return Math.max(0, Math.round(parts[2] === '%' ? (value / 100) * whole : value));
}

function ratioOf(text: unknown): number | undefined {
  const parts = /^([1-9][0-9]{0,2})[:x/]([1-9][0-9]{0,2})$/.exec(typeof text === 'string' ? text : '');
  return parts ? Number(parts[1]) / Number(parts[2]) : undefined;
}

function shared(extra: number, anchor: unknown, low: string, high: string): [number, number] {
  if (anchor === low) return [0, extra];
  if (anchor === high) return [extra, 0];
  return [Math.floor(extra / 2), extra - Math.floor(extra / 2)];
}

export function sidesOf(params: Params, picture: Size): Sides {
  const ratio = ratioOf(params.ratio);
  if (ratio === undefined) {
    return {
      left: pixelsOf(params.left, picture.width),
      right: pixelsOf(params.right, picture.width),
      top: pixelsOf(params.top, picture.height),
      bottom: pixelsOf(params.bottom, picture.height),
    };
  }
  const width = Math.max(picture.width, Math.round(picture.height * ratio));
  const height = Math.max(picture.height, Math.round(picture.width / ratio));
  const [left, right] = shared(width - picture.width, params.anchor, 'left', 'right');
  const [top, bottom] = shared(height - picture.height, params.anchor, 'top', 'bottom');
  return { left, right, top, bottom };
}

/** Parameters that say these sides in pixels; a ratio that stood there is replaced. */
export function withSides(params: Params, sides: Sides): Params {
  const { ratio: _, ...rest } = params;
  const next: Params = { ...rest };
  for (const side of SIDES) {
    if (sides[side] > 0) next[side] = Math.round(sides[side]);
    else delete next[side];
  }
  return next;
}

export function hasSides(sides: Sides): boolean {
  return SIDES.some((side) => sides[side] > 0);
}
