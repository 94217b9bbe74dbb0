/** Masks as pictures: white on black, of the picture's size. */
import type { MaskData } from './operations';

function canvasOf(width: number, height: number): CanvasRenderingContext2D {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  return canvas.getContext('2d', { willReadFrequently: true })!;
}

export async function pngFromMask(mask: MaskData): Promise<Blob> {
  const context = canvasOf(mask.width, mask.height);
  const image = context.createImageData(mask.width, mask.height);
  for (let i = 0; i < mask.data.length; i += 1) {
    const value = mask.data[i]!;
    image.data.set([value, value, value, 255], i * 4);
  }
  context.putImageData(image, 0, 0);
  return new Promise((resolve, reject) =>
    context.canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('the mask could not be written'))), 'image/png'),
  );
}

/** Reads a mask of any size: its brightness, or where it is transparent nothing. */
export async function maskFromFile(file: Blob, width: number, height: number): Promise<{ data: Uint8Array; from: [number, number] }> {
  const bitmap = await createImageBitmap(file);
  const context = canvasOf(width, height);
  context.drawImage(bitmap, 0, 0, width, height);
  const from: [number, number] = [bitmap.width, bitmap.height];
  bitmap.close();
  const { data: pixels } = context.getImageData(0, 0, width, height);
  const data = new Uint8Array(width * height);
  for (let i = 0; i < data.length; i += 1) {
    const at = i * 4;
    const brightness = 0.299 * pixels[at]! + 0.587 * pixels[at + 1]! + 0.114 * pixels[at + 2]!;
    data[i] = Math.round((brightness * pixels[at + 3]!) / 255);
  }
  return { data, from };
}
