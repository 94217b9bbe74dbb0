/** What the mask tools do with a stroke on the picture. */
import { useRef, useState } from 'react';
import { paperOf, PAINTING, useMask, type Tool } from '../mask/store';
import { useStudio } from '../state/studio';
import { useCanvas } from './store';
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

export function useStrokes(enabled: boolean): StrokeTools {
  const tool = useMask((state) => state.tool);
  const [draft, setDraft] = useState<Draft>();
  const [cursor, setCursor] = useState<Spot>();
  const stroke = useRef<{ tool: Tool; erase: boolean; points: Spot[] } | undefined>(undefined);

  const radius = (event: PointerEvent) => (useMask.getState().brush / 2 / useCanvas.getState().view.scale) * pressureOf(event);
  const paper = () => paperOf(useMask.getState().port);

  const start = (spot: Spot, event: PointerEvent) => {
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
    current.points = current.tool === 'rectangle' ? [current.points[0]!, spot] : [...current.points, spot];
    if (current.tool !== 'select') setDraft({ tool: current.tool, points: current.points });
  };
  const end = (cancelled: boolean) => {
    const current = stroke.current;
    stroke.current = undefined;
    setDraft(undefined);
    if (!current) return;
    const { points, erase } = current;
    if (current.tool === 'brush' || current.tool === 'eraser') paper()?.commit();
    else if (cancelled) return;
    else if (current.tool === 'lasso') paper()?.fillPolygon(points, erase);
    else if (current.tool === 'rectangle' && points[1]) paper()?.fillRectangle(points[0]!, points[1], erase);
    else if (current.tool === 'select') void selectAt(points[0]!, erase);
  };
  return { active: enabled && (PAINTING.includes(tool) || tool === 'select'), start, move, end, hover: setCursor, draft, cursor };
}
