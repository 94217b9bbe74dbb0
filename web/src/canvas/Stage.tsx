/** The picture, large: with its mask, its frame, or the picture from before beside it. */
import { useEffect, useMemo, useRef, useState } from 'react';
import { displayUrl } from '../api/client';
import type { StoredFile } from '../api/types';
import { useWords } from '../language';
import { paperOf, useMask } from '../mask/store';
import { LayerCanvas } from '../layers/LayerCanvas';
import { useLayers } from '../layers/store';
import { capabilityOf, maskPorts } from '../state/catalogue';
import { paramsOf, useStudio } from '../state/studio';
import { CompareHandle } from './CompareHandle';
import { ExtendFrame, isFramed } from './ExtendFrame';
import { hasSides, sidesOf } from './frame';
import { useScene, type Scene } from './scene';
import { setBounds, setTools, setWindow, useCanvas } from './store';
import { TONE_FILTER, ToneFilter } from './ToneFilter';
import { toneSteps } from './tone';
import { useGestures } from './useGestures';
import { useStrokes, type Draft } from './useStrokes';
import type { Box, Spot, View } from './view';

function boxStyle(box: Box): React.CSSProperties {
  return { left: box.x, top: box.y, width: box.width, height: box.height };
}

/** Keeps the picture from before on the canvas until the next one is there, so that nothing flashes. */
function Picture({ file, box, label, className = '', style }: { file: StoredFile; box: Box; label: string; className?: string; style?: React.CSSProperties }) {
  const [shown, setShown] = useState(displayUrl(file));
  const url = displayUrl(file);
  useEffect(() => {
    const image = new Image();
    let current = true;
    image.src = url;
    image.decode().catch(() => undefined).finally(() => current && setShown(url));
    return () => void (current = false);
  }, [url]);
  return <img className={`picture ${className}`} src={shown} alt={label} draggable={false} style={{ ...boxStyle(box), ...style }} />;
}

function MaskOverlay({ port }: { port: string }) {
  const holder = useRef<HTMLDivElement>(null);
  const sha256 = useMask((state) => state.sha256);
  const overlay = useMask((state) => state.overlay);
  const paper = useMask((state) => state.papers[port]);
  useEffect(() => {
    const canvas = (paper ?? paperOf(port))?.canvas;
    if (canvas) holder.current?.replaceChildren(canvas);
  }, [paper, port, sha256]);
  return <div ref={holder} className={`mask-overlay ${overlay}`} />;
}

/** What the lasso or the rectangle is about to mark. */
function DraftShape({ draft, view }: { draft: Draft; view: View }) {
  const points = draft.points.map(({ x, y }) => ({ x: x * view.scale + view.x, y: y * view.scale + view.y }));
  const [first, second] = [points[0]!, points[1] ?? points[0]!];
  return (
    <svg className="draft" aria-hidden="true">
      {draft.tool === 'rectangle'
        ? <rect x={Math.min(first.x, second.x)} y={Math.min(first.y, second.y)} width={Math.abs(second.x - first.x)} height={Math.abs(second.y - first.y)} />
        : <polygon points={points.map(({ x, y }) => `${x},${y}`).join(' ')} />}
    </svg>
  );
}

function BrushCursor({ spot }: { spot: Spot }) {
  const size = useMask((state) => state.brush);
  return <div className="brush-cursor" style={{ width: size, height: size, transform: `translate(${spot.x - size / 2}px, ${spot.y - size / 2}px)` }} />;
}

/** The part of the world that should be seen: the picture, and the frame that is drawn around it. */
function useBounds(scene: Scene | undefined, framed: boolean): void {
  const capability = useStudio((state) => state.capability);
  const params = useStudio((state) => paramsOf(state));
  const [width, height] = [scene?.after.width ?? 1, scene?.after.height ?? 1];
  const sides = framed ? sidesOf(params, { width, height }) : { left: 0, right: 0, top: 0, bottom: 0 };
  const { left, right, top, bottom } = sides;
  useEffect(() => {
    setBounds({ x: -left, y: -top, width: width + left + right, height: height + top + bottom });
  }, [width, height, capability, left, right, top, bottom, scene?.after.sha256]);
}

export function Stage() {
  const { t } = useWords();
  const element = useRef<HTMLDivElement>(null);
  const scene = useScene();
  const view = useCanvas((state) => state.view);
  const window = useCanvas((state) => state.window);
  const divider = useCanvas((state) => state.divider);
  const holding = useCanvas((state) => state.holding);
  const compare = useStudio((state) => state.compare);
  const capability = capabilityOf(useStudio((state) => state.capability));
  const params = useStudio((state) => paramsOf(state));
  const panel = useStudio((state) => state.panel);
  const port = useMask((state) => state.port);
  const tool = useMask((state) => state.tool);
  const layered = useLayers((state) => state.layers.length > 0) && panel === 'layers';
  const masks = maskPorts(capability).length > 0;
  const tone = useMemo(() => (capability?.id === 'adjust' ? toneSteps(params) : []), [capability, params]);
  const framed = Boolean(scene && !scene.job && isFramed(capability));
  const strokes = useStrokes(masks && !layered);
  useGestures(element, strokes);
  useBounds(scene, framed);
  // A phone has no room for tools over a result; its picture is looked at.
  const tools = masks && !(scene?.job && window.width < 560);
  useEffect(() => setTools(tools), [tools]);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => entry && setWindow({ width: entry.contentRect.width, height: entry.contentRect.height }));
    if (element.current) observer.observe(element.current);
    return () => observer.disconnect();
  }, []);

  if (!scene) return <div className="stage" ref={element} />;
  const { after, before, beforeBox } = scene;
  const whole = { x: 0, y: 0, width: after.width, height: after.height };
  const previewed = tone.length > 0 && !scene.job && !holding && !layered;
  const comparing = Boolean(before) && compare && !holding && !layered;
  const cut = after.width * divider;
  const painting = strokes.active && (tool === 'brush' || tool === 'eraser');
  const classes = ['stage', strokes.active ? 'painting' : 'panning', view.scale * devicePixelRatio >= 3 ? 'pixels' : '', painting ? 'with-cursor' : ''];
  return (
    <div className={classes.join(' ')} ref={element} aria-label={t('canvas.label')} role="region">
      <div className="world" style={{ width: after.width, height: after.height, transform: `translate(${view.x}px, ${view.y}px) scale(${view.scale})` }}>
        {framed && hasSides(sidesOf(params, after)) && <div className="frame-area" style={frameStyle(params, after)} />}
        {holding && before
          ? <Picture file={before} box={beforeBox} label={t('canvas.before')} className="paper" />
          : <Picture file={after} box={whole} label={after.name} className="paper" {...(previewed ? { style: { filter: TONE_FILTER } } : {})} />}
        {comparing && before && (
          <div className="before-half" style={{ ...boxStyle(whole), clipPath: `inset(0 ${after.width - cut}px 0 0)` }}>
            <Picture file={before} box={beforeBox} label={t('canvas.before')} />
          </div>
        )}
        {layered && <LayerCanvas />}
        {masks && !scene.job && <MaskOverlay port={port} />}
      </div>
      {previewed && <ToneFilter steps={tone} />}
      {previewed && <span className="preview-note">{t('canvas.preview')}</span>}
      {framed && <ExtendFrame picture={after} />}
      {comparing && <CompareHandle left={view.x + cut * view.scale} top={Math.max(0, view.y)} bottom={Math.min(window.height, view.y + after.height * view.scale)} />}
      {strokes.draft && <DraftShape draft={strokes.draft} view={view} />}
      {painting && strokes.cursor && <BrushCursor spot={strokes.cursor} />}
    </div>
  );
}

function frameStyle(params: Record<string, unknown>, picture: StoredFile): React.CSSProperties {
  const { left, right, top, bottom } = sidesOf(params, picture);
  return boxStyle({ x: -left, y: -top, width: picture.width + left + right, height: picture.height + top + bottom });
}
