/** The masks of the current picture, one per mask port, and the tools that paint them. */
import { create } from 'zustand';
import type { StoredFile } from '../api/types';
import { t } from '../language';
import { tell } from '../state/notices';
import { maskFromFile, pngFromMask } from './files';
import { keepMask, keptMask, maskKey } from './keep';
import { MaskPaper } from './MaskPaper';
import { feathered, grown, inverted } from './operations';

export type Tool = 'move' | 'brush' | 'eraser' | 'lasso' | 'rectangle' | 'select';
export const PAINTING: Tool[] = ['brush', 'eraser', 'lasso', 'rectangle'];
export const OVERLAYS = ['red', 'green', 'blue'] as const;

interface MaskState {
  /** Picture that the papers belong to. */
  sha256: string | undefined;
  size: [number, number];
  papers: Record<string, MaskPaper>;
  port: string;
  tool: Tool;
  /** Diameter of the brush in pixels of the screen: it paints finer when zoomed in. */
  brush: number;
  overlay: (typeof OVERLAYS)[number];
  amount: number;
  /** Counts changes, so that components see them. */
  version: number;
}

export const useMask = create<MaskState>(() => ({
  sha256: undefined, size: [0, 0], papers: {}, port: 'mask', tool: 'move', brush: 40, overlay: 'red', amount: 8, version: 0,
}));

const timers = new Map<string, ReturnType<typeof setTimeout>>();

function changed(sha256: string, port: string): void {
  useMask.setState((state) => ({ version: state.version + 1 }));
  const key = maskKey(sha256, port);
  clearTimeout(timers.get(key));
  timers.set(key, setTimeout(async () => {
    const state = useMask.getState();
    const paper = state.sha256 === sha256 ? state.papers[port] : undefined;
    if (paper) await keepMask(key, paper.empty ? undefined : await pngFromMask(paper.data()));
  }, 400));
}

/** The paper of a port, made when it is first needed. */
export function paperOf(port: string): MaskPaper | undefined {
  const { papers, sha256, size } = useMask.getState();
  if (papers[port] || !sha256) return papers[port];
  const paper = new MaskPaper(size[0], size[1], () => changed(sha256, port));
  useMask.setState({ papers: { ...papers, [port]: paper } });
  return paper;
}

/** Ports whose kept mask has been looked for since the picture came. */
let restored = new Set<string>();

/** Another picture has other masks; those that were painted for it before come back. */
export async function showMasksOf(picture: StoredFile | null, ports: string[]): Promise<void> {
  if (useMask.getState().sha256 !== picture?.sha256) {
    restored = new Set();
    useMask.setState({ sha256: picture?.sha256, size: [picture?.width ?? 0, picture?.height ?? 0], papers: {} });
  }
  if (!picture) return;
  for (const port of ports) {
    if (restored.has(port)) continue;
    restored.add(port);
    const blob = await keptMask(maskKey(picture.sha256, port));
    if (!blob || useMask.getState().sha256 !== picture.sha256) continue;
    const { data } = await maskFromFile(blob, picture.width, picture.height);
    const paper = paperOf(port);
    if (paper?.empty) paper.replace(data);
  }
}

export function setTool(tool: Tool): void {
  useMask.setState({ tool });
}

export function setBrush(size: number): void {
  useMask.setState({ brush: Math.min(400, Math.max(2, Math.round(size))) });
}

/** One of the operations on the whole mask. */
export function applyToMask(operation: 'grow' | 'shrink' | 'feather' | 'invert' | 'clear' | 'undo' | 'redo'): void {
  const { port, amount } = useMask.getState();
  const paper = paperOf(port);
  if (!paper) return;
  switch (operation) {
    case 'grow':
      return paper.replace(grown(paper.data(), amount).data);
    case 'shrink':
      return paper.replace(grown(paper.data(), -amount).data);
    case 'feather':
      return paper.replace(feathered(paper.data(), amount).data);
    case 'invert':
      return paper.replace(inverted(paper.data()).data);
    case 'clear':
      return paper.clear();
    case 'undo':
      return paper.stepBack();
    case 'redo':
      return paper.stepForward();
  }
}

export async function loadMask(file: Blob): Promise<void> {
  const paper = paperOf(useMask.getState().port);
  if (!paper) return;
  const { data, from } = await maskFromFile(file, paper.width, paper.height);
  paper.replace(data);
  if (from[0] !== paper.width || from[1] !== paper.height) {
    tell({ message: t('error.maskSize', { from: from.join('×'), to: `${paper.width}×${paper.height}` }) });
  }
}

export async function saveMask(name: string): Promise<void> {
  const paper = paperOf(useMask.getState().port);
  if (!paper) return;
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await pngFromMask(paper.data()));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
