/** A Stable Diffusion checkpoint of the true structure and tiny sizes, its weights random: what it paints is nothing, and soon done. */
import { readFileSync } from 'node:fs';

/** The bytes of a safetensors file with the names and dimensions of the golden. */
export function checkpoint(golden) {
  const section = readFileSync(golden, 'utf8').split('[tiny sd1]\n')[1].split('[')[0];
  const header = {};
  const parts = [];
  let end = 0;
  let state = 7;
  // Park and Miller's generator, -1 to 1.
  const random = () => (state = (state * 48271) % 2147483647) / 1073741823.5 - 1;
  for (const line of section.trim().split('\n')) {
    const [name, ...sides] = line.split(' = ')[0].split(' ');
    const shape = sides.map(Number);
    const norm = shape.length === 1 && name.endsWith('weight');
    const scale = Math.min(0.5, Math.sqrt(3 / shape.slice(1).reduce((all, side) => all * side, 1)));
    const values = Float32Array.from({ length: shape.reduce((all, side) => all * side, 1) }, () => (norm ? 1 + 0.1 * random() : scale * random()));
    header[name] = { dtype: 'F32', shape, data_offsets: [end, end + values.byteLength] };
    end += values.byteLength;
    parts.push(Buffer.from(values.buffer));
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, ...parts]);
}
