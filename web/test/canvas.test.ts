import { describe, expect, it } from 'vitest';
import { pixelsOf, sidesOf, withSides } from '../src/canvas/frame';
import { placementOf } from '../src/canvas/placement';
import { fitted, nextScale, worldSpot, zoomed } from '../src/canvas/view';
import { balanceGains, saturationMatrix, toneSteps } from '../src/canvas/tone';
import { movedPoint } from '../src/form/curve';

describe('the frame of extend', () => {
  it.each([
    [{ ratio: '4:3' }, [86, 85, 0, 0]],
    [{ ratio: '4:3', anchor: 'left' }, [0, 171, 0, 0]],
    [{ ratio: '9:16', anchor: 'bottom' }, [0, 0, 398, 0]],
    [{ left: 10, top: '25%', bottom: '12px' }, [10, 0, 128, 12]],
    [{}, [0, 0, 0, 0]],
  ])('of %j', (params, [left, right, top, bottom]) => {
    const sides = sidesOf(params, { width: 512, height: 512 });
    expect(sides.left + sides.right).toBe(left! + right!);
    expect(sides).toMatchObject({ top, bottom });
  });

  it('becomes pixels when an edge is dragged', () => {
    expect(withSides({ ratio: '4:3', fill: 'patch' }, { left: 3.4, right: 0, top: 0, bottom: 7 })).toEqual({ fill: 'patch', left: 3, bottom: 7 });
    expect([pixelsOf('nonsense', 100), pixelsOf(-4, 100), pixelsOf('50 %', 90)]).toEqual([0, 0, 45]);
  });
});

describe('before within after', () => {
  const before = { width: 512, height: 512 };
  it('lies where the frame put it, is stretched by upscale, and is centred otherwise', () => {
    expect(placementOf({ params: { left: 100, right: 0 } }, before, { width: 612, height: 512 })).toEqual({ x: 100, y: 0, width: 512, height: 512 });
    expect(placementOf({ params: { scale: 2 } }, before, { width: 1024, height: 1024 })).toEqual({ x: 0, y: 0, width: 1024, height: 1024 });
    expect(placementOf(undefined, before, { width: 256, height: 512 })).toEqual({ x: 0, y: 128, width: 256, height: 256 });
  });
});

describe('the view', () => {
  it('fits, and keeps what is under the pointer when zooming', () => {
    const view = fitted({ x: 0, y: 0, width: 1000, height: 500 }, { width: 800, height: 600 }, { left: 0, top: 0, right: 0, bottom: 0 });
    expect(view).toEqual({ scale: 0.8, x: 0, y: 100 });
    const spot = { x: 123, y: 321 };
    const there = worldSpot(view, spot);
    const near = worldSpot(zoomed(view, 2.5, spot), spot);
    expect(near.x).toBeCloseTo(there.x, 9);
    expect(near.y).toBeCloseTo(there.y, 9);
  });

  it('steps through 100 %', () => {
    expect(nextScale(0.9, 1)).toBeCloseTo(1);
    expect(nextScale(1, 1)).toBeCloseTo(Math.SQRT2);
    expect(nextScale(1.1, -1)).toBeCloseTo(1);
  });
});

describe('a curve', () => {
  it('keeps its points in order', () => {
    expect(movedPoint([[0, 0], [0.5, 0.5], [1, 1]], 1, [2, -1])).toEqual([[0, 0], [0.99, 0], [1, 1]]);
  });
});

describe('the preview of adjust', () => {
  it('takes the steps in the order of adjust and leaves out what a filter cannot show', () => {
    const steps = toneSteps({ contrast: 0.5, exposure: 1, temperature: 10, rotate: 3, edits: [{ edit: 'sharpen', amount: 1 }, { edit: 'saturation', amount: -1 }] });
    expect(steps.map((step) => [step.space, step.matrix?.[0]?.toFixed(3)])).toEqual([
      ['linearRGB', '1.061'], ['linearRGB', '2.000'], ['sRGB', '1.500'], ['sRGB', '0.299'],
    ]);
  });

  it('keeps grey as danqing does', () => {
    const [r, g, b] = balanceGains(60, -20);
    expect(0.2126 * r + 0.7152 * g + 0.0722 * b).toBeCloseTo(1, 12);
    expect(saturationMatrix(1)).toEqual([1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0]);
  });
});
