/** What the mask tools do with a stroke on the picture. */
import { useRef, useState } from 'react';
import { paperOf, PAINTING, useMask, type Tool } from '../mask/store';
import { useStudio } from '../state/studio';
import { useCanvas } from './store';
import { usePicker, type Picked } from './picker';
import { selectAt } from './select';
import type { Strokes } from './useGestures';
import type { Spot } from './view';

export interface Draft {
  tool: Tool;
  points: Spot[];
}

interface StrokeTools extends Strokes {
  draft: Draft | undefined;
  cursor: Spot | undefined;
}

/** A pen presses; a mouse always says one half, a finger may say nothing. */
function pressureOf(event: PointerEvent): number {
  return event.pointerType === 'pen' ? 0.25 + 0.75 * event.pressure : 1;
}

function pickedOf(points: Spot[], point: boolean): Picked {
  const { picture } = useStudio.getState();
  const [from, to] = [points[0]!, points[1] ?? points[0]!];
  const within = (value: number, most: number) => Math.round(Math.min(most, Math.max(0, value)));
  const [width, height] = [picture?.width ?? 1, picture?.height ?? 1];
  if (point) return { x: within(from.x, width - 1), y: within(from.y, height - 1), width: 0, height: 0 };
  const [left, right] = [within(Math.min(from.x, to.x), width - 1), within(Math.max(from.x, to.x), width)];
  const [top, bottom] = [within(Math.min(from.y, to.y), height - 1), within(Math.max(from.y, to.y), height)];
  return { x: left, y: top, width: Math.max(1, right - left), height: Math.max(1, bottom - top) };
}

export function useStrokes(enabled: boolean): StrokeTools {
  const tool = useMask((state) => state.tool);
  const [draft, setDraft] = useState<Draft>();
  const [cursor, setCursor] = useState<Spot>();
  const stroke = useRef<{ tool: Tool; erase: boolean; points: Spot[] } | undefined>(undefined);

  const radius = (event: PointerEvent) => (useMask.getState().brush / 2 / useCanvas.getState().view.scale) * pressureOf(event);
  const paper = () => paperOf(useMask.getState().port);

  const picker = usePicker((state) => state.picker);

  const start = (spot: Spot, event: PointerEvent) => {
    if (picker) {
      useStudio.setState({ shown: null });
      stroke.current = { tool: 'rectangle', erase: false, points: [spot] };
      return;
    }
    // The mask belongs to the picture, not to the result that may cover it.
    useStudio.setState({ shown: null });
    const erase = tool === 'eraser' || event.altKey || event.buttons === 32;
    stroke.current = { tool, erase, points: [spot] };
    if (tool === 'brush' || tool === 'eraser') paper()?.strokeTo(spot, radius(event), erase);
    else if (tool !== 'select') setDraft({ tool, points: [spot] });
  };
  const move = (spot: Spot, event: PointerEvent) => {
    const current = stroke.current;
    if (!current) return;
    if (current.tool === 'brush' || current.tool === 'eraser') return paper()?.strokeTo(spot, radius(event), current.erase);
    const framed = current.tool === 'rectangle' || current.tool === 'select';
    current.points = framed ? [current.points[0]!, spot] : [...current.points, spot];
    setDraft({ tool: framed ? 'rectangle' : 'lasso', points: current.points });
  };
  const end = (cancelled: boolean) => {
    const current = stroke.current;
    stroke.current = undefined;
    setDraft(undefined);
    if (!current) return;
    const { points, erase } = current;
    if (picker) {
      if (!cancelled) picker.take(pickedOf(points, picker.point));
      usePicker.setState({ picker: undefined });
      return;
    }
    if (current.tool === 'brush' || current.tool === 'eraser') {
      paper()?.commit();
      // A second finger came: it was a pinch, not a stroke.
      if (cancelled) paper()?.stepBack();
    } else if (cancelled) return;
    else if (current.tool === 'lasso') paper()?.fillPolygon(points, erase);
    else if (current.tool === 'rectangle' && points[1]) paper()?.fillRectangle(points[0]!, points[1], erase);
    else if (current.tool === 'select') void selectAt(points[0]!, points[1] ?? points[0]!, erase);
  };
  return { active: Boolean(picker) || (enabled && (PAINTING.includes(tool) || tool === 'select')), start, move, end, hover: setCursor, draft, cursor };
}
