/** Where the picture stands on the screen: `screen = world · scale + (x, y)`. */
export interface View {
  scale: number;
  x: number;
  y: number;
}

export interface Size {
  width: number;
  height: number;
}

export interface Box extends Size {
  x: number;
  y: number;
}

export interface Spot {
  x: number;
  y: number;
}

export const MIN_SCALE = 0.02;
export const MAX_SCALE = 32;

/** Room at the edges of the window that is taken by tools. */
export interface Insets {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** The whole box in the middle of what the insets leave, never larger than `most` times. */
export function fitted(box: Box, window: Size, insets: Insets, most = 4): View {
  const width = Math.max(40, window.width - insets.left - insets.right);
  const height = Math.max(40, window.height - insets.top - insets.bottom);
  const scale = Math.min(width / box.width, height / box.height, most);
  return {
    scale,
    x: insets.left + (width - box.width * scale) / 2 - box.x * scale,
    y: insets.top + (height - box.height * scale) / 2 - box.y * scale,
  };
}

export function centred(box: Box, window: Size, scale: number): View {
  return {
    scale,
    x: (window.width - box.width * scale) / 2 - box.x * scale,
    y: (window.height - box.height * scale) / 2 - box.y * scale,
  };
}

/** Zooms so that what is under `spot` stays under it. */
export function zoomed(view: View, factor: number, spot: Spot): View {
  const scale = Math.min(MAX_SCALE, Math.max(MIN_SCALE, view.scale * factor));
  const real = scale / view.scale;
  return { scale, x: spot.x - (spot.x - view.x) * real, y: spot.y - (spot.y - view.y) * real };
}

export function moved(view: View, dx: number, dy: number): View {
  return { ...view, x: view.x + dx, y: view.y + dy };
}

export function worldSpot(view: View, spot: Spot): Spot {
  return { x: (spot.x - view.x) / view.scale, y: (spot.y - view.y) / view.scale };
}

/** The next scale of the buttons: halves of a doubling, through 100 %. */
export function nextScale(scale: number, direction: 1 | -1): number {
  const position = Math.log2(scale) * 2;
  const next = direction > 0 ? Math.floor(position + 1.001) : Math.ceil(position - 1.001);
  return 2 ** (next / 2);
}
