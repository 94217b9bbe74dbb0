/** Results stacked over the picture; blended in the page until they are flattened into one picture. */
import { create } from 'zustand';
import { api, displayUrl } from '../api/client';
import type { StoredFile } from '../api/types';
import { pngFromMask } from '../mask/files';
import { useMask } from '../mask/store';
import { uploaded } from '../state/files';
import { keeper } from '../state/keep';
import { stemOf } from '../state/run';
import { openPicture, useStudio } from '../state/studio';
import { t } from '../language';

export const BLENDS = [
  'source-over', 'multiply', 'screen', 'overlay', 'soft-light', 'hard-light', 'darken', 'lighten', 'color-dodge', 'color-burn',
  'difference', 'exclusion', 'hue', 'saturation', 'color', 'luminosity',
] as const;
export type Blend = (typeof BLENDS)[number];

export interface Layer {
  id: number;
  file: StoredFile;
  visible: boolean;
  opacity: number;
  blend: Blend;
  /** Picture whose brightness says where the layer is seen. */
  mask: StoredFile | null;
}

interface Layers {
  /** From the lowest to the topmost. */
  layers: Layer[];
}

const keeping = keeper<Layers>('danqing.layers', ['layers']);
export const useLayers = create<Layers>(() => ({ layers: [], ...keeping.kept() }));
useLayers.subscribe(keeping.keep);

let next = 1 + Math.max(0, ...useLayers.getState().layers.map((layer) => layer.id));

export function addLayer(file: StoredFile): void {
  const layer: Layer = { id: next, file, visible: true, opacity: 1, blend: 'source-over', mask: null };
  next += 1;
  useLayers.setState((state) => ({ layers: [...state.layers, layer] }));
  useStudio.setState({ panel: 'layers', shown: null });
}

export function changeLayer(id: number, fields: Partial<Layer>): void {
  useLayers.setState((state) => ({ layers: state.layers.map((layer) => (layer.id === id ? { ...layer, ...fields } : layer)) }));
}

export function removeLayer(id: number): void {
  useLayers.setState((state) => ({ layers: state.layers.filter((layer) => layer.id !== id) }));
}

export function moveLayer(id: number, by: 1 | -1): void {
  useLayers.setState(({ layers }) => {
    const at = layers.findIndex((layer) => layer.id === id);
    const to = at + by;
    if (at < 0 || to < 0 || to >= layers.length) return { layers };
    const next = [...layers];
    [next[at], next[to]] = [next[to]!, next[at]!];
    return { layers: next };
  });
}

/** The painted mask becomes the layer's own. */
export async function maskLayer(id: number): Promise<void> {
  const { papers, port } = useMask.getState();
  const paper = papers[port];
  if (paper && !paper.empty) changeLayer(id, { mask: await api.upload(await pngFromMask(paper.data()), 'layer-mask.png') });
}

function loaded(url: string): Promise<HTMLImageElement> {
  const image = new Image();
  image.src = url;
  return image.decode().then(() => image);
}

function sheetOf(width: number, height: number): HTMLCanvasElement {
  const sheet = document.createElement('canvas');
  sheet.width = width;
  sheet.height = height;
  return sheet;
}

/** Turns brightness into opacity. */
function asAlpha(mask: HTMLImageElement, width: number, height: number): HTMLCanvasElement {
  const canvas = sheetOf(width, height);
  const context = canvas.getContext('2d')!;
  context.drawImage(mask, 0, 0, width, height);
  const image = context.getImageData(0, 0, width, height);
  for (let at = 0; at < image.data.length; at += 4) image.data[at + 3] = image.data[at]!;
  context.putImageData(image, 0, 0);
  return canvas;
}

/** Draws picture and layers into a canvas of the picture's size: the same for the eye and for the file. */
export async function composed(picture: StoredFile, layers: Layer[]): Promise<HTMLCanvasElement> {
  const { width, height } = picture;
  const canvas = sheetOf(width, height);
  const context = canvas.getContext('2d')!;
  context.drawImage(await loaded(displayUrl(picture)), 0, 0, width, height);
  for (const layer of layers.filter((one) => one.visible && one.opacity > 0)) {
    const sheet = sheetOf(width, height);
    const own = sheet.getContext('2d')!;
    own.drawImage(await loaded(displayUrl(layer.file)), 0, 0, width, height);
    if (layer.mask) {
      own.globalCompositeOperation = 'destination-in';
      own.drawImage(asAlpha(await loaded(displayUrl(layer.mask)), width, height), 0, 0);
    }
    context.globalAlpha = layer.opacity;
    context.globalCompositeOperation = layer.blend;
    context.drawImage(sheet, 0, 0);
  }
  return canvas;
}

/** One picture out of all layers, uploaded and put on the table. */
export async function flatten(): Promise<void> {
  const { picture } = useStudio.getState();
  if (!picture) return;
  const canvas = await composed(picture, useLayers.getState().layers);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
  const stored = blob && (await uploaded(new File([blob], `${stemOf(picture.name)}-${t('layers.name')}.png`, { type: 'image/png' })));
  if (!stored) return;
  useLayers.setState({ layers: [] });
  openPicture(stored, { panel: 'settings' });
}
