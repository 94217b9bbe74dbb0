/** The frame around the picture that `extend` will fill: its edges are dragged, and say so in pixels. */
import { useRef } from 'react';
import type { Capability, StoredFile } from '../api/types';
import { useWords } from '../language';
import { useCatalogue } from '../state/catalogue';
import { changeParams, paramsOf, useStudio } from '../state/studio';
import { hasSides, SIDES, sidesOf, withSides, type Side, type Sides } from './frame';
import { useCanvas } from './store';

/** True for a capability whose parameters are lengths on all four sides. */
export function isFramed(capability: Capability | undefined): boolean {
  const fields = useCatalogue.getState().fields[capability?.id ?? ''] ?? [];
  return SIDES.every((side) => fields.some((field) => field.name === side && field.kind === 'length'));
}

const HANDLES: Side[][] = [['left'], ['right'], ['top'], ['bottom'], ['left', 'top'], ['right', 'top'], ['left', 'bottom'], ['right', 'bottom']];

interface Drag {
  sides: Sides;
  x: number;
  y: number;
  scale: number;
}

export function ExtendFrame({ picture }: { picture: StoredFile }) {
  const { t } = useWords();
  const view = useCanvas((state) => state.view);
  const params = useStudio((state) => paramsOf(state));
  const sides = sidesOf(params, picture);
  const drag = useRef<Drag | undefined>(undefined);
  const left = view.x - sides.left * view.scale;
  const top = view.y - sides.top * view.scale;
  const width = (picture.width + sides.left + sides.right) * view.scale;
  const height = (picture.height + sides.top + sides.bottom) * view.scale;
  const set = (next: Sides) => changeParams((now) => withSides(now, next));

  const onMove = (event: React.PointerEvent, handle: Side[]) => {
    const from = drag.current;
    if (!from) return;
    const dx = (event.clientX - from.x) / from.scale;
    const dy = (event.clientY - from.y) / from.scale;
    const by: Sides = { left: -dx, right: dx, top: -dy, bottom: dy };
    const next = { ...from.sides };
    for (const side of handle) next[side] = Math.max(0, Math.round(from.sides[side] + by[side]));
    set(next);
  };
  const onKey = (event: React.KeyboardEvent, side: Side) => {
    const outward = { left: 'ArrowLeft', right: 'ArrowRight', top: 'ArrowUp', bottom: 'ArrowDown' }[side];
    const inward = { left: 'ArrowRight', right: 'ArrowLeft', top: 'ArrowDown', bottom: 'ArrowUp' }[side];
    if (event.key !== outward && event.key !== inward) return;
    event.preventDefault();
    event.stopPropagation();
    const by = (event.key === outward ? 1 : -1) * (event.shiftKey ? 64 : 8);
    set({ ...sides, [side]: Math.max(0, sides[side] + by) });
  };
  return (
    <div className="extend-frame" style={{ transform: `translate(${left}px, ${top}px)`, width, height }}>
      {HANDLES.map((handle) => (
        <div
          key={handle.join('-')}
          className={`extend-handle ${handle.join(' ')}`}
          {...(handle.length === 1
            ? { role: 'slider', tabIndex: 0, 'aria-label': t('extend.edge', { side: t(`extend.side.${handle[0]!}`) }), 'aria-valuenow': sides[handle[0]!], 'aria-valuemin': 0, 'aria-valuemax': 32768 }
            : { 'aria-hidden': true })}
          onKeyDown={(event) => handle.length === 1 && onKey(event, handle[0]!)}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            drag.current = { sides, x: event.clientX, y: event.clientY, scale: view.scale };
            useCanvas.setState({ fit: false });
          }}
          onPointerMove={(event) => onMove(event, handle)}
          onPointerUp={() => (drag.current = undefined)}
          onPointerCancel={() => (drag.current = undefined)}
        />
      ))}
      <span className="extend-size">
        {hasSides(sides)
          ? `${picture.width + sides.left + sides.right} × ${picture.height + sides.top + sides.bottom}`
          : t('extend.drag')}
      </span>
    </div>
  );
}
