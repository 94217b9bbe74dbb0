/** A tone curve that is drawn by hand: points move with pointer or arrow keys. */
import { useRef } from 'react';
import { useWords } from '../language';
import { limited, movedPoint, rounded, type Pair } from './curve';

const SIDE = 200;

interface CurveProps {
  points: Pair[];
  onChange: (points: Pair[]) => void;
}

export function CurveEditor({ points, onChange }: CurveProps) {
  const { t } = useWords();
  const box = useRef<SVGSVGElement>(null);
  const placeOf = (event: React.PointerEvent | React.MouseEvent): Pair => {
    const bounds = box.current!.getBoundingClientRect();
    return [limited((event.clientX - bounds.left) / bounds.width), limited(1 - (event.clientY - bounds.top) / bounds.height)];
  };
  const toggle = (event: React.MouseEvent) => {
    const [x, y] = placeOf(event);
    const near = points.findIndex((point) => Math.hypot(point[0] - x, point[1] - y) < 0.06);
    if (near > 0 && near < points.length - 1) onChange(points.filter((_, at) => at !== near));
    else if (near < 0) onChange([...points, [rounded(x), rounded(y)] as Pair].sort((left, right) => left[0] - right[0]));
  };
  const nudge = (event: React.KeyboardEvent, index: number) => {
    const steps: Record<string, Pair> = { ArrowLeft: [-0.01, 0], ArrowRight: [0.01, 0], ArrowUp: [0, 0.01], ArrowDown: [0, -0.01] };
    const by = steps[event.key];
    const point = points[index];
    if (!by || !point) return;
    event.preventDefault();
    onChange(movedPoint(points, index, [point[0] + by[0], point[1] + by[1]]));
  };
  return (
    <svg ref={box} className="curve" viewBox={`0 0 ${SIDE} ${SIDE}`} role="group" aria-label={t('form.curve')} onDoubleClick={toggle}>
      <path className="curve-grid" d={[0.25, 0.5, 0.75].map((at) => `M${at * SIDE} 0V${SIDE}M0 ${at * SIDE}H${SIDE}`).join('')} />
      <path className="curve-line" d={points.map(([x, y], at) => `${at ? 'L' : 'M'}${x * SIDE} ${(1 - y) * SIDE}`).join('')} />
      {points.map(([x, y], index) => (
        <circle
          key={index}
          className="curve-point"
          cx={x * SIDE}
          cy={(1 - y) * SIDE}
          r={6}
          tabIndex={0}
          role="slider"
          aria-label={t('form.curvePoint', { index: index + 1 })}
          aria-valuenow={y}
          aria-valuemin={0}
          aria-valuemax={1}
          onKeyDown={(event) => nudge(event, index)}
          onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
          onPointerMove={(event) => event.currentTarget.hasPointerCapture(event.pointerId) && onChange(movedPoint(points, index, placeOf(event)))}
        />
      ))}
    </svg>
  );
}
