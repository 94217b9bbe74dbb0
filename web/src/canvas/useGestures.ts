/** Pointers on the canvas: pan, pinch, wheel, and strokes that are handed on to the tool. */
import { useEffect, useRef, type RefObject } from 'react';
import { useCanvas, setView, fitView, actualSize } from './store';
import { moved, worldSpot, zoomed, type Spot } from './view';

export interface Strokes {
  /** Whether a plain press paints instead of panning. */
  active: boolean;
  start: (spot: Spot, event: PointerEvent) => void;
  move: (spot: Spot, event: PointerEvent) => void;
  end: (cancelled: boolean) => void;
  hover: (screen: Spot | undefined) => void;
}

function spotOf(event: { clientX: number; clientY: number }, element: HTMLElement): Spot {
  const bounds = element.getBoundingClientRect();
  return { x: event.clientX - bounds.left, y: event.clientY - bounds.top };
}

export function useGestures(target: RefObject<HTMLElement | null>, strokes: Strokes): void {
  const latest = useRef(strokes);
  latest.current = strokes;
  useEffect(() => {
    const element = target.current;
    if (!element) return undefined;
    const pointers = new Map<number, Spot>();
    let mode: 'idle' | 'pan' | 'stroke' | 'pinch' = 'idle';
    const view = () => useCanvas.getState().view;

    const down = (event: PointerEvent) => {
      if (event.target !== element && !(event.target as HTMLElement).closest('.world')) return;
      element.setPointerCapture(event.pointerId);
      pointers.set(event.pointerId, spotOf(event, element));
      if (pointers.size === 2) {
        if (mode === 'stroke') latest.current.end(true);
        mode = 'pinch';
        return;
      }
      const pans = event.button === 1 || useCanvas.getState().panning || !latest.current.active;
      mode = pans ? 'pan' : 'stroke';
      if (mode === 'stroke' && event.button === 0) latest.current.start(worldSpot(view(), spotOf(event, element)), event);
      event.preventDefault();
    };
    const pinch = (event: PointerEvent, to: Spot) => {
      const from = pointers.get(event.pointerId)!;
      const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
      if (!other) return;
      const factor = Math.hypot(to.x - other.x, to.y - other.y) / Math.max(1, Math.hypot(from.x - other.x, from.y - other.y));
      const middle = { x: (to.x + other.x) / 2, y: (to.y + other.y) / 2 };
      setView(moved(zoomed(view(), factor, middle), (to.x - from.x) / 2, (to.y - from.y) / 2));
    };
    const move = (event: PointerEvent) => {
      const to = spotOf(event, element);
      latest.current.hover(event.pointerType === 'touch' ? undefined : to);
      const from = pointers.get(event.pointerId);
      if (!from) return;
      if (mode === 'pinch') pinch(event, to);
      else if (mode === 'pan') setView(moved(view(), to.x - from.x, to.y - from.y));
      else if (mode === 'stroke') {
        for (const one of event.getCoalescedEvents?.() ?? [event]) latest.current.move(worldSpot(view(), spotOf(one, element)), one);
      }
      pointers.set(event.pointerId, to);
    };
    const up = (event: PointerEvent) => {
      if (!pointers.delete(event.pointerId)) return;
      if (mode === 'stroke') latest.current.end(event.type === 'pointercancel');
      mode = pointers.size === 1 && mode === 'pinch' ? 'pan' : pointers.size === 0 ? 'idle' : mode;
    };
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      if (event.shiftKey) return setView(moved(view(), -(event.deltaX || event.deltaY), 0));
      const unit = event.deltaMode === 1 ? 16 : 1;
      const factor = Math.exp((-event.deltaY * unit) / (event.ctrlKey ? 100 : 500));
      setView(zoomed(view(), factor, spotOf(event, element)));
    };
    const leave = () => latest.current.hover(undefined);
    const twice = (event: MouseEvent) => {
      if (latest.current.active || event.target !== element && !(event.target as HTMLElement).closest('.world')) return;
      if (useCanvas.getState().fit) actualSize();
      else fitView();
    };
    element.addEventListener('pointerdown', down);
    element.addEventListener('pointermove', move);
    element.addEventListener('pointerup', up);
    element.addEventListener('pointercancel', up);
    element.addEventListener('pointerleave', leave);
    element.addEventListener('dblclick', twice);
    element.addEventListener('wheel', wheel, { passive: false });
    return () => {
      element.removeEventListener('pointerdown', down);
      element.removeEventListener('pointermove', move);
      element.removeEventListener('pointerup', up);
      element.removeEventListener('pointercancel', up);
      element.removeEventListener('pointerleave', leave);
      element.removeEventListener('dblclick', twice);
      element.removeEventListener('wheel', wheel);
    };
  }, [target]);
}
