/**
 * Arithmetic on masks: one byte per pixel, 255 = marked. Grow and shrink use exact Euclidean distances
 * (Felzenszwalb & Huttenlocher 2012, "Distance Transforms of Sampled Functions"); feather is three box blurs,
 * which is close to a Gaussian.
 */

export interface MaskData {
  width: number;
  height: number;
  data: Uint8Array;
}

const FAR = 1e20;

/** Squared distances along one line, in place. `hull` and `cuts` are room to work in. */
function distancesOfLine(line: Float64Array, length: number, hull: Int32Array, cuts: Float64Array, out: Float64Array): void {
  let last = 0;
  hull[0] = 0;
  cuts[0] = -FAR;
  cuts[1] = FAR;
  for (let q = 1; q < length; q += 1) {
    let cut: number;
    do {
      const p = hull[last]!;
      cut = (line[q]! + q * q - (line[p]! + p * p)) / (2 * q - 2 * p);
    } while (cut <= cuts[last]! && --last >= 0);
    last += 1;
    hull[last] = q;
    cuts[last] = cut;
    cuts[last + 1] = FAR;
  }
  last = 0;
  for (let q = 0; q < length; q += 1) {
    while (cuts[last + 1]! < q) last += 1;
    const p = hull[last]!;
    out[q] = (q - p) * (q - p) + line[p]!;
  }
}

/** Squared distance of every pixel to the nearest one that is marked (or, with `toMarked` false, not marked). */
export function squaredDistances(mask: MaskData, toMarked: boolean): Float64Array {
  const { width, height, data } = mask;
  const distances = new Float64Array(width * height);
  for (let i = 0; i < distances.length; i += 1) distances[i] = data[i]! >= 128 === toMarked ? 0 : FAR;
  const longest = Math.max(width, height);
  const line = new Float64Array(longest);
  const out = new Float64Array(longest);
  const hull = new Int32Array(longest);
  const cuts = new Float64Array(longest + 1);
  for (let x = 0; x < width; x += 1) {
    for (let y = 0; y < height; y += 1) line[y] = distances[y * width + x]!;
    distancesOfLine(line, height, hull, cuts, out);
    for (let y = 0; y < height; y += 1) distances[y * width + x] = out[y]!;
  }
  for (let y = 0; y < height; y += 1) {
    line.set(distances.subarray(y * width, (y + 1) * width));
    distancesOfLine(line, width, hull, cuts, out);
    distances.set(out.subarray(0, width), y * width);
  }
  return distances;
}

/** Grows the mask by so many pixels all around; a negative number shrinks it. */
export function grown(mask: MaskData, pixels: number): MaskData {
  const reach = Math.abs(pixels) ** 2;
  const distances = squaredDistances(mask, pixels >= 0);
  const data = new Uint8Array(mask.data.length);
  for (let i = 0; i < data.length; i += 1) {
    const near = distances[i]! <= reach;
    data[i] = pixels >= 0 === near ? 255 : 0;
  }
  return { ...mask, data };
}

export function inverted(mask: MaskData): MaskData {
  return { ...mask, data: mask.data.map((value) => 255 - value) };
}

/** One box blur along lines of `length` samples that lie `stride` apart; beyond the border the last sample goes on. */
function boxBlur(source: Float32Array, target: Float32Array, lines: number, length: number, stride: number, step: number, radius: number): void {
  const share = 1 / (2 * radius + 1);
  for (let l = 0; l < lines; l += 1) {
    const start = l * step;
    const at = (i: number) => source[start + Math.min(length - 1, Math.max(0, i)) * stride]!;
    let sum = 0;
    for (let i = -radius; i <= radius; i += 1) sum += at(i);
    for (let i = 0; i < length; i += 1) {
      target[start + i * stride] = sum * share;
      sum += at(i + radius + 1) - at(i - radius);
    }
  }
}

/** Softens the mask's edge over about `pixels` to each side. */
export function feathered(mask: MaskData, pixels: number): MaskData {
  const { width, height } = mask;
  const radius = Math.max(1, Math.round(pixels / 2));
  const source = Float32Array.from(mask.data);
  const target = new Float32Array(source.length);
  for (let pass = 0; pass < 3; pass += 1) {
    boxBlur(source, target, height, width, 1, width, radius);
    boxBlur(target, source, width, height, width, 1, radius);
  }
  return { ...mask, data: Uint8Array.from(source, (value) => Math.round(value)) };
}

export function isEmpty(mask: MaskData): boolean {
  return !mask.data.some((value) => value > 0);
}
