/** Where the view stands, so that buttons and keys outside of the canvas can move it. */
import { create } from 'zustand';
import { centred, fitted, nextScale, zoomed, type Box, type Insets, type Size, type View } from './view';

interface CanvasState {
  view: View;
  window: Size;
  /** What is to be seen as a whole. */
  bounds: Box;
  /** True while the view follows the window's size. */
  fit: boolean;
  /** Divider of before and after, 0 to 1. */
  divider: number;
  /** While held, only the picture from before is shown. */
  holding: boolean;
  /** Whether mask tools lie over the canvas. */
  tools: boolean;
  /** While held, the pointer pans whatever the tool is. */
  panning: boolean;
}

export const useCanvas = create<CanvasState>(() => ({
  view: { scale: 1, x: 0, y: 0 }, window: { width: 0, height: 0 }, bounds: { x: 0, y: 0, width: 1, height: 1 },
  fit: true, divider: 0.5, holding: false, panning: false, tools: false,
}));

const { setState, getState } = useCanvas;

/** Tools lie over the left and upper edge where there is a mask to paint; a phone has no room to spare. */
function insets(): Insets {
  const { window, tools } = getState();
  if (window.width < 560) return { left: 12, top: tools ? 54 : 12, right: 12, bottom: 12 };
  return { left: tools ? 74 : 36, top: tools ? 70 : 36, right: 36, bottom: 36 };
}

export function setTools(tools: boolean): void {
  if (tools === getState().tools) return;
  setState({ tools });
  if (getState().fit) fitView();
}

export function fitView(): void {
  const { bounds, window } = getState();
  setState({ fit: true, view: fitted(bounds, window, insets()) });
}

export function setBounds(bounds: Box): void {
  setState({ bounds });
  if (getState().fit) fitView();
}

export function setWindow(window: Size): void {
  setState({ window });
  if (getState().fit) fitView();
}

export function setView(view: View): void {
  setState({ view, fit: false });
}

/** One pixel of the picture to one of the screen. */
export function actualSize(): void {
  const { bounds, window } = getState();
  setView(centred(bounds, window, 1 / devicePixelRatio));
}

export function zoomBy(direction: 1 | -1): void {
  const { view, window } = getState();
  setView(zoomed(view, nextScale(view.scale, direction) / view.scale, { x: window.width / 2, y: window.height / 2 }));
}
