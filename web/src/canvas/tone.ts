/**
 * Tone and colour of `adjust` shown while its sliders move: the same formulas as danqing-vision's `tone`, as steps of an
 * SVG filter. Steps that a filter has no words for (curves, sharpening, geometry…) wait for the run.
 */
import type { Params } from '../api/types';

export interface ToneStep {
  space: 'linearRGB' | 'sRGB';
  /** Rows of a colour matrix, or the standard deviation of a blur in pixels. */
  matrix?: number[];
  blur?: number;
}

type Gains = [number, number, number];
const LUMINANCE: Gains = [0.2126, 0.7152, 0.0722];
const LUMA: Gains = [0.299, 0.587, 0.114];

function scaled(gains: Gains, offset = 0): number[] {
  return [gains[0], 0, 0, 0, offset, 0, gains[1], 0, 0, offset, 0, 0, gains[2], 0, offset, 0, 0, 0, 1, 0];
}

/** Gains in linear light; a grey keeps its luminance. */
export function balanceGains(temperature: number, tint: number): Gains {
  const raw: Gains = [2 ** (temperature / 100), 2 ** (-0.5 * (tint / 100)), 2 ** (-temperature / 100)];
  const luminance = raw.reduce((sum, gain, i) => sum + gain * LUMINANCE[i]!, 0);
  return raw.map((gain) => gain / luminance) as Gains;
}

/** Distance to grey (BT.601 luma of encoded values) times `factor`. */
export function saturationMatrix(factor: number): number[] {
  const row = (own: number) => [...LUMA.map((weight, i) => (1 - factor) * weight + (i === own ? factor : 0)), 0, 0];
  return [...row(0), ...row(1), ...row(2), 0, 0, 0, 1, 0];
}

const number = (value: unknown): number => (typeof value === 'number' ? value : 0);

function stepOf(edit: Params): ToneStep | undefined {
  const amount = number(edit.amount);
  switch (edit.edit) {
    case 'exposure':
      return { space: 'linearRGB', matrix: scaled([1, 1, 1].map(() => 2 ** number(edit.stops)) as Gains) };
    case 'white_balance':
      return { space: 'linearRGB', matrix: scaled(balanceGains(number(edit.temperature), number(edit.tint))) };
    case 'brightness':
      return { space: 'sRGB', matrix: scaled([1, 1, 1], amount) };
    case 'contrast':
      return { space: 'sRGB', matrix: scaled([1 + amount, 1 + amount, 1 + amount], -0.5 * amount) };
    case 'saturation':
      return { space: 'sRGB', matrix: saturationMatrix(1 + amount) };
    case 'blur':
      return edit.method === undefined || edit.method === 'gaussian' ? { space: 'sRGB', blur: number(edit.radius) } : undefined;
    default:
      return undefined;
  }
}

/** The steps that these parameters mean, in the order in which `adjust` takes them. */
export function toneSteps(params: Params): ToneStep[] {
  const has = (name: string) => typeof params[name] === 'number';
  const short: Params[] = [
    ...(has('temperature') || has('tint') ? [{ edit: 'white_balance', temperature: params.temperature, tint: params.tint }] : []),
    ...(has('exposure') ? [{ edit: 'exposure', stops: params.exposure }] : []),
    ...['brightness', 'contrast', 'saturation'].filter(has).map((edit) => ({ edit, amount: params[edit] })),
    ...(has('blur') ? [{ edit: 'blur', radius: params.blur }] : []),
  ];
  const listed = Array.isArray(params.edits) ? (params.edits as Params[]) : [];
  return [...short, ...listed].map(stepOf).filter((step) => step !== undefined);
}
