/**
 * A mask that is painted on: a canvas of the picture's size for the eye, one byte per pixel for the truth, and undo that
 * keeps only what a stroke changed.
 */
import type { MaskData } from './operations';
import { Undo } from './undo';

/** Red, green and blue of the overlay; its alpha is the mask. */
const INK = [200, 52, 40] as const;

export interface Point {
  x: number;
  y: number;
}

interface Rectangle {
  x: number;
  y: number;
  width: number;
  height: number;
}

interface Patch extends Rectangle {
  before: Uint8Array;
  after: Uint8Array;
}

export class MaskPaper {
  readonly canvas: HTMLCanvasElement;
  private readonly context: CanvasRenderingContext2D;
  private readonly committed: Uint8Array;
  private readonly undo = new Undo<Patch>(60);
  private dirty: Rectangle | undefined;
  private last: (Point & { radius: number }) | undefined;

  constructor(readonly width: number, readonly height: number, private readonly changed: () => void) {
    this.canvas = document.createElement('canvas');
    this.canvas.width = width;
    this.canvas.height = height;
    this.context = this.canvas.getContext('2d', { willReadFrequently: true })!;
    this.committed = new Uint8Array(width * height);
  }

  get empty(): boolean {
    return !this.committed.some((value) => value > 0);
  }

  get canUndo(): boolean {
    return this.undo.canUndo;
  }

  get canRedo(): boolean {
    return this.undo.canRedo;
  }

  /** What is painted, strokes that are still going on not counted. */
  data(): MaskData {
    return { width: this.width, height: this.height, data: this.committed };
  }

  /** Goes on with the stroke, or begins one. */
  strokeTo(point: Point, radius: number, erase: boolean): void {
    const from = this.last ?? { ...point, radius };
    this.prepare(erase);
    this.context.lineCap = 'round';
    this.context.lineJoin = 'round';
    this.context.lineWidth = from.radius + radius;
    this.context.beginPath();
    this.context.moveTo(from.x, from.y);
    // A dab needs a length to be drawn.
    this.context.lineTo(point.x + (from.x === point.x && from.y === point.y ? 0.01 : 0), point.y);
    this.context.stroke();
    this.last = { ...point, radius };
    const reach = Math.max(from.radius, radius) + 2;
    this.touch(Math.min(from.x, point.x) - reach, Math.min(from.y, point.y) - reach, Math.max(from.x, point.x) + reach, Math.max(from.y, point.y) + reach);
  }

  fillPolygon(points: Point[], erase: boolean): void {
    if (points.length < 3) return;
    this.prepare(erase);
    this.context.beginPath();
    points.forEach((point, i) => (i ? this.context.lineTo(point.x, point.y) : this.context.moveTo(point.x, point.y)));
    this.context.closePath();
    this.context.fill();
    const xs = points.map((point) => point.x);
    const ys = points.map((point) => point.y);
    this.touch(Math.min(...xs) - 1, Math.min(...ys) - 1, Math.max(...xs) + 1, Math.max(...ys) + 1);
    this.commit();
  }

  fillRectangle(from: Point, to: Point, erase: boolean): void {
    const [left, right] = [Math.round(Math.min(from.x, to.x)), Math.round(Math.max(from.x, to.x))];
    const [top, bottom] = [Math.round(Math.min(from.y, to.y)), Math.round(Math.max(from.y, to.y))];
    this.prepare(erase);
    this.context.fillRect(left, top, right - left, bottom - top);
    this.touch(left, top, right, bottom);
    this.commit();
  }

  /** Replaces everything, as one step of undo. */
  replace(data: Uint8Array): void {
    this.write({ x: 0, y: 0, width: this.width, height: this.height }, data);
    this.touch(0, 0, this.width, this.height);
    this.commit();
  }

  clear(): void {
    if (!this.empty) this.replace(new Uint8Array(this.committed.length));
  }

  /** Ends the stroke: one step of undo. */
  commit(): void {
    this.last = undefined;
    const area = this.dirty;
    this.dirty = undefined;
    if (!area || area.width <= 0 || area.height <= 0) return;
    const pixels = this.context.getImageData(area.x, area.y, area.width, area.height).data;
    const after = new Uint8Array(area.width * area.height);
    for (let i = 0; i < after.length; i += 1) after[i] = pixels[i * 4 + 3]!;
    const before = this.region(area);
    this.store(area, after);
    this.undo.push({ ...area, before, after });
    this.changed();
  }

  stepBack(): void {
    const patch = this.undo.back();
    if (patch) this.put(patch, patch.before);
  }

  stepForward(): void {
    const patch = this.undo.forward();
    if (patch) this.put(patch, patch.after);
  }

  private prepare(erase: boolean): void {
    this.context.globalCompositeOperation = erase ? 'destination-out' : 'source-over';
    this.context.fillStyle = this.context.strokeStyle = `rgb(${INK.join(',')})`;
  }

  private put(area: Rectangle, data: Uint8Array): void {
    this.write(area, data);
    this.store(area, data);
    this.changed();
  }

  private write(area: Rectangle, data: Uint8Array): void {
    const image = new ImageData(area.width, area.height);
    for (let i = 0; i < data.length; i += 1) image.data.set([...INK, data[i]!], i * 4);
    this.context.putImageData(image, area.x, area.y);
  }

  private region(area: Rectangle): Uint8Array {
    const out = new Uint8Array(area.width * area.height);
    for (let y = 0; y < area.height; y += 1) {
      const start = (area.y + y) * this.width + area.x;
      out.set(this.committed.subarray(start, start + area.width), y * area.width);
    }
    return out;
  }

  private store(area: Rectangle, data: Uint8Array): void {
    for (let y = 0; y < area.height; y += 1) {
      this.committed.set(data.subarray(y * area.width, (y + 1) * area.width), (area.y + y) * this.width + area.x);
    }
  }

  private touch(left: number, top: number, right: number, bottom: number): void {
    const old = this.dirty;
    const x = Math.max(0, Math.floor(old ? Math.min(old.x, left) : left));
    const y = Math.max(0, Math.floor(old ? Math.min(old.y, top) : top));
    const farX = Math.min(this.width, Math.ceil(old ? Math.max(old.x + old.width, right) : right));
    const farY = Math.min(this.height, Math.ceil(old ? Math.max(old.y + old.height, bottom) : bottom));
    this.dirty = { x, y, width: farX - x, height: farY - y };
  }
}
