/** Keys that work anywhere, except where text is typed. */
import { useEffect } from 'react';
import { actualSize, fitView, useCanvas, zoomBy } from '../canvas/store';
import { openRecipe } from '../gallery/RecipeDialog';
import { applyToMask, setBrush, setTool, useMask, type Tool } from '../mask/store';
import { capabilityOf, isTool, maskPorts, useCatalogue } from '../state/catalogue';
import { act, isLive, useJobs } from '../state/jobs';
import { runNow } from '../state/run';
import { changeParams, chooseCapability, openPicture, stepTrail, useStudio } from '../state/studio';
import { openHelp } from './Help';

const TOOL_KEYS: Record<string, Tool> = { v: 'move', b: 'brush', e: 'eraser', l: 'lasso', m: 'rectangle', s: 'select' };

function typing(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null;
  if (!element?.matches) return false;
  return element.matches('textarea, select, [contenteditable], input:not([type=range]):not([type=checkbox]):not([type=radio])');
}

function shownJob() {
  const { shown } = useStudio.getState();
  return shown ? useJobs.getState().jobs[shown.job] : undefined;
}

function adoptResult(): void {
  const { shown } = useStudio.getState();
  const file = shownJob()?.outputs[shown?.index ?? 0]?.file;
  if (file) openPicture(file);
}

function rollSeed(): void {
  const { capability } = useStudio.getState();
  const field = useCatalogue.getState().fields[capability]?.find((one) => one.kind === 'seed');
  if (field) changeParams((now) => ({ ...now, [field.name]: crypto.getRandomValues(new Uint32Array(1))[0]! % 1_000_000 }));
}

function cancelMine(): void {
  const { jobs } = useJobs.getState();
  const job = useStudio.getState().mine.map((id) => jobs[id]).find((one) => one && isLive(one));
  if (job) void act(job.id, 'cancel');
}

function withControl(event: KeyboardEvent): boolean {
  switch (event.key.toLowerCase()) {
    case 'enter':
      void runNow();
      return true;
    case 'z':
      applyToMask(event.shiftKey ? 'redo' : 'undo');
      return true;
    case 'y':
      applyToMask('redo');
      return true;
    case 'o':
      document.querySelector<HTMLInputElement>('.top-bar input[type=file]')?.click();
      return true;
    default:
      return false;
  }
}

const PLAIN: Record<string, () => void> = {
  f: fitView, z: actualSize, '+': () => zoomBy(1), '=': () => zoomBy(1), '-': () => zoomBy(-1), i: () => applyToMask('invert'), delete: () => applyToMask('clear'),
  '[': () => setBrush(useMask.getState().brush / 1.2), ']': () => setBrush(useMask.getState().brush * 1.2), d: rollSeed, k: adoptResult,
  c: () => useStudio.setState((state) => ({ compare: !state.compare })), g: () => useStudio.setState((state) => ({ view: state.view === 'gallery' ? 'studio' : 'gallery' })),
  q: () => useStudio.setState((state) => ({ panel: state.panel === 'queue' ? 'settings' : 'queue' })), '?': openHelp, escape: cancelMine,
  r: () => {
    const job = shownJob();
    if (job) openRecipe(job);
  },
};

function plain(event: KeyboardEvent): boolean {
  const key = event.key.toLowerCase();
  const tool = TOOL_KEYS[key];
  const masked = maskPorts(capabilityOf(useStudio.getState().capability)).length > 0;
  if (tool && masked && (tool !== 'select' || capabilityOf('select'))) {
    setTool(tool);
    return true;
  }
  if (/^[1-9]$/.test(key)) {
    const capability = useCatalogue.getState().capabilities.filter((one) => !isTool(one.id))[Number(key) - 1];
    if (capability) chooseCapability(capability.id);
    return Boolean(capability);
  }
  PLAIN[key]?.();
  return key in PLAIN;
}

function onKeyDown(event: KeyboardEvent): void {
  if (document.querySelector('dialog[open]')) return;
  const control = event.ctrlKey || event.metaKey;
  if (control && event.key === 'Enter') {
    event.preventDefault();
    (document.activeElement as HTMLElement | null)?.blur();
    void runNow();
    return;
  }
  if (typing(event.target)) return;
  if (event.altKey && (event.key === 'ArrowLeft' || event.key === 'ArrowRight')) {
    event.preventDefault();
    stepTrail(event.key === 'ArrowLeft' ? -1 : 1);
    return;
  }
  if (event.altKey) return;
  if (event.key === ' ' && !(event.target as HTMLElement).matches?.('button, summary, input, a')) {
    event.preventDefault();
    useCanvas.setState({ panning: true });
    return;
  }
  if (event.key === '\\') useCanvas.setState({ holding: true });
  if (control ? withControl(event) : plain(event)) event.preventDefault();
}

function onKeyUp(event: KeyboardEvent): void {
  if (event.key === ' ') useCanvas.setState({ panning: false });
  if (event.key === '\\') useCanvas.setState({ holding: false });
}

export function useShortcuts(): void {
  useEffect(() => {
    addEventListener('keydown', onKeyDown);
    addEventListener('keyup', onKeyUp);
    return () => {
      removeEventListener('keydown', onKeyDown);
      removeEventListener('keyup', onKeyUp);
    };
  }, []);
}
