/** The divider between before and after: dragged, or moved with the arrow keys. */
import { useWords } from '../language';
import { useCanvas } from './store';

const limited = (value: number) => Math.min(1, Math.max(0, value));

export function CompareHandle({ left, top, bottom }: { left: number; top: number; bottom: number }) {
  const { t } = useWords();
  const divider = useCanvas((state) => state.divider);
  const drag = (event: React.PointerEvent<HTMLDivElement>) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    const { view, bounds } = useCanvas.getState();
    const stage = event.currentTarget.parentElement!.getBoundingClientRect();
    const world = (event.clientX - stage.left - view.x) / view.scale;
    useCanvas.setState({ divider: limited(world / bounds.width) });
  };
  const keys = (event: React.KeyboardEvent) => {
    const by = { ArrowLeft: -0.02, ArrowRight: 0.02, Home: -1, End: 1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    useCanvas.setState({ divider: limited(divider + by) });
  };
  return (
    <div
      className="compare-handle"
      style={{ transform: `translate(${left}px, ${top}px)`, height: Math.max(0, bottom - top) }}
      role="slider"
      tabIndex={0}
      aria-label={t('canvas.compareSlider')}
      aria-orientation="horizontal"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(divider * 100)}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={drag}
      onKeyDown={keys}
    >
      <span className="compare-label left">{t('canvas.before')}</span>
      <span className="compare-label right">{t('canvas.after')}</span>
      <span className="compare-knob" aria-hidden="true">
        <svg width="22" height="22" viewBox="0 0 22 22"><path d="M8.500 6L4 11l4.500 5M13.500 6l4.500 5-4.500 5" /></svg>
      </span>
    </div>
  );
}
