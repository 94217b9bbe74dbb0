import { describe, expect, it } from 'vitest';
import { feathered, grown, inverted, squaredDistances, type MaskData } from '../src/mask/operations';
import { Undo } from '../src/mask/undo';

/** A mask of 17×13 with a few marked pixels. */
function dots(...places: [number, number][]): MaskData {
  const data = new Uint8Array(17 * 13);
  for (const [x, y] of places) data[y * 17 + x] = 255;
  return { width: 17, height: 13, data };
}

describe('mask operations', () => {
  it('measure distances as a search over all marked pixels does', () => {
    const marked: [number, number][] = [[3, 4], [12, 9], [0, 12]];
    const distances = squaredDistances(dots(...marked), true);
    for (let y = 0; y < 13; y += 1) {
      for (let x = 0; x < 17; x += 1) {
        expect(distances[y * 17 + x]).toBe(Math.min(...marked.map(([mx, my]) => (x - mx) ** 2 + (y - my) ** 2)));
      }
    }
  });

  it('grow to a disc and shrink back into it', () => {
    const disc = grown(dots([8, 6]), 3);
    expect(disc.data.filter((value) => value === 255)).toHaveLength(29);
    expect(grown(disc, -3).data[6 * 17 + 8]).toBe(255);
    expect(grown(dots(), 5).data.every((value) => value === 0)).toBe(true);
  });

  it('invert twice to the same', () => {
    const mask = grown(dots([8, 6]), 2);
    expect(inverted(inverted(mask)).data).toEqual(mask.data);
  });

  it('feather without losing or making weight in the middle', () => {
    const mask = grown(dots([8, 6]), 3);
    const soft = feathered(mask, 2);
    const sum = (data: Uint8Array) => data.reduce((total, value) => total + value, 0);
    expect(Math.abs(sum(soft.data) - sum(mask.data)) / sum(mask.data)).toBeLessThan(0.02);
    expect(soft.data.some((value) => value > 0 && value < 255)).toBe(true);
  });
});

describe('Undo', () => {
  it('goes back and forward and forgets the oldest', () => {
    const undo = new Undo<number>(2);
    [1, 2, 3].forEach((step) => undo.push(step));
    expect([undo.back(), undo.back(), undo.back()]).toEqual([3, 2, undefined]);
    expect(undo.forward()).toBe(2);
    undo.push(9);
    expect(undo.canRedo).toBe(false);
  });
});
