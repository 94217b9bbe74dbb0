/** Zoom, and the way back through the pictures that were worked on. */
import { useWords } from '../language';
import { stepTrail, useStudio } from '../state/studio';
import { IconButton } from '../ui/controls';
import { actualSize, fitView, useCanvas, zoomBy } from './store';

export function ZoomBar() {
  const { t } = useWords();
  const scale = useCanvas((state) => state.view.scale);
  const fit = useCanvas((state) => state.fit);
  const { trail, trailAt } = useStudio();
  return (
    <div className="zoom-bar" role="toolbar" aria-label={t('canvas.zoom')}>
      {trail.length > 1 && (
        <>
          <IconButton icon="left" size={18} label={t('action.back')} keys="Alt ←" disabled={trailAt <= 0} onClick={() => stepTrail(-1)} />
          <IconButton icon="right" size={18} label={t('action.forward')} keys="Alt →" disabled={trailAt >= trail.length - 1} onClick={() => stepTrail(1)} />
          <span className="divider" />
        </>
      )}
      <IconButton className="by-mouse" icon="minus" size={18} label={t('canvas.zoomOut')} keys="-" onClick={() => zoomBy(-1)} />
      <button type="button" className="zoom-value" title={`${t('canvas.actual')} (Z)`} aria-label={`${t('canvas.actual')}, ${Math.round(scale * devicePixelRatio * 100)} %`} onClick={actualSize}>{Math.round(scale * devicePixelRatio * 100)} %</button>
      <IconButton className="by-mouse" icon="plus" size={18} label={t('canvas.zoomIn')} keys="+" onClick={() => zoomBy(1)} />
      <IconButton icon="fit" size={18} label={t('canvas.fit')} keys="F" pressed={fit} onClick={fitView} />
    </div>
  );
}
