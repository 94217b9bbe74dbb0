/** Points of a tone curve: inputs and outputs from 0 to 1, in rising order of their inputs. */
export type Pair = [number, number];

export const limited = (value: number) => Math.min(1, Math.max(0, value));
export const rounded = (value: number) => Math.round(limited(value) * 1000) / 1000;

/** The point moved, but never past its neighbours. */
export function movedPoint(points: Pair[], index: number, to: Pair): Pair[] {
  const low = index > 0 ? points[index - 1]![0] + 0.01 : 0;
  const high = index < points.length - 1 ? points[index + 1]![0] - 0.01 : 1;
  const x = Math.min(high, Math.max(low, to[0]));
  return points.map((point, at) => (at === index ? [rounded(x), rounded(to[1])] : point));
}
