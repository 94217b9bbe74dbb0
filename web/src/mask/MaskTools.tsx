/** The tools that paint the mask, beside the canvas; their settings beside them while one is in the hand. */
import { useEffect, useState } from 'react';
import { useWords } from '../language';
import { fieldLabel } from '../schema/labels';
import { SELECT } from '../canvas/select';
import { useScene } from '../canvas/scene';
import { capabilityOf, maskPorts, useCatalogue } from '../state/catalogue';
import { complain } from '../state/notices';
import { stemOf } from '../state/run';
import { useStudio } from '../state/studio';
import { FileButton, IconButton, Segmented } from '../ui/controls';
import { Icon } from '../ui/Icon';
import { TypedNumber } from '../form/NumberControls';
import { applyToMask, loadMask, OVERLAYS, saveMask, setBrush, setTool, showMasksOf, useMask, type Tool } from './store';

const TOOLS: [Tool, string][] = [['move', 'V'], ['brush', 'B'], ['eraser', 'E'], ['lasso', 'L'], ['rectangle', 'M'], ['select', 'S']];

/** Keeps masks and tools in step with picture and capability. */
function useMaskPorts(): string[] {
  const picture = useStudio((state) => state.picture);
  const id = useStudio((state) => state.capability);
  const capability = useCatalogue((state) => state.capabilities.find((one) => one.id === id));
  const names = maskPorts(capability).map((port) => port.name);
  const key = names.join(' ');
  useEffect(() => {
    const ports = key ? key.split(' ') : [];
    showMasksOf(picture, ports).catch(complain);
    if (!ports.length) return;
    if (!ports.includes(useMask.getState().port)) useMask.setState({ port: ports[0]! });
  }, [picture, key]);
  return names;
}

export function MaskTools() {
  const { t, language } = useWords();
  const ports = useMaskPorts();
  const result = useScene()?.job;
  const { tool, port } = useMask();
  const capability = useStudio((state) => state.capability);
  const picture = useStudio((state) => state.picture);
  const tools = TOOLS.filter(([id]) => id !== 'select' || capabilityOf(SELECT));
  if (ports.length === 0) return null;
  const painting = tool !== 'move' && !result;
  const hint = capability === 'erase' ? t('tool.paintHint.erase') : t('tool.paintHint');
  return (
    <div className={result ? 'mask-dock over-result' : 'mask-dock'}>
      <div className="mask-tools" role="toolbar" aria-label={t('tool.mask')} aria-orientation="vertical">
        {tools.map(([id, key]) => <IconButton key={id} icon={id} label={t(`tool.${id}`)} keys={key} pressed={tool === id} onClick={() => setTool(id)} />)}
      </div>
      {painting && (
        <div className="mask-options" role="group" aria-label={t('tool.mask')}>
          {ports.length > 1 && <Segmented label={t('tool.whichMask')} value={port} options={ports.map((name) => ({ value: name, label: fieldLabel(name, language) }))} onChange={(name) => useMask.setState({ port: name })} />}
          {(tool === 'brush' || tool === 'eraser') && <BrushSize />}
          <MaskActions name={picture ? `${stemOf(picture.name)}-${port}.png` : 'mask.png'} />
          {ports.length === 1 && <p className="mask-hint">{hint}</p>}
        </div>
      )}
    </div>
  );
}

function BrushSize() {
  const { t } = useWords();
  const brush = useMask((state) => state.brush);
  return (
    <label className="brush-size">
      <span className="visually-hidden">{t('tool.size')}</span>
      <span className="dot small" aria-hidden="true" />
      <input type="range" className="slider" min={2} max={200} value={brush} title={`${t('tool.size')} ([ ])`} style={{ '--from': 0, '--to': Math.min(1, brush / 200) } as React.CSSProperties} onChange={(event) => setBrush(Number(event.target.value))} />
      <span className="dot large" aria-hidden="true" />
    </label>
  );
}

function MaskActions({ name }: { name: string }) {
  const { t } = useWords();
  const [open, setOpen] = useState(false);
  const { papers, port, amount, overlay } = useMask();
  useMask((state) => state.version);
  const paper = papers[port];
  const empty = !paper || paper.empty;
  return (
    <div className={open ? 'mask-actions open' : 'mask-actions'}>
      <IconButton icon="undo" size={18} label={t('action.undo')} keys="Ctrl Z" disabled={!paper?.canUndo} onClick={() => applyToMask('undo')} />
      <IconButton icon="redo" size={18} label={t('action.redo')} keys="Ctrl Shift Z" disabled={!paper?.canRedo} onClick={() => applyToMask('redo')} />
      <IconButton className="fold" icon="more" size={18} label={t('action.more')} aria-expanded={open} onClick={() => setOpen(!open)} />
      <span className="divider" />
      <IconButton icon="grow" size={18} label={t('tool.grow')} disabled={empty} onClick={() => applyToMask('grow')} />
      <IconButton icon="shrink" size={18} label={t('tool.shrink')} disabled={empty} onClick={() => applyToMask('shrink')} />
      <IconButton icon="feather" size={18} label={t('tool.feather')} disabled={empty} onClick={() => applyToMask('feather')} />
      <span className="number-box narrow"><TypedNumber value={amount} step={1} min={1} max={256} placeholder="8" label={t('tool.amount')} onChange={(value) => useMask.setState({ amount: value ?? 8 })} /><span className="unit">px</span></span>
      <span className="divider" />
      <IconButton icon="invert" size={18} label={t('tool.invert')} keys="I" onClick={() => applyToMask('invert')} />
      <IconButton icon="trash" size={18} label={t('tool.clear')} keys="Delete" disabled={empty} onClick={() => applyToMask('clear')} />
      <FileButton className="icon-button" onFiles={([file]) => file && void loadMask(file).catch(complain)}><Icon name="upload" size={18} /><span className="visually-hidden">{t('tool.load')}</span></FileButton>
      <IconButton icon="download" size={18} label={t('tool.save')} disabled={empty} onClick={() => void saveMask(name).catch(complain)} />
      <button type="button" className={`overlay-dot ${overlay}`} aria-label={t('tool.colour')} title={t('tool.colour')} onClick={() => useMask.setState({ overlay: OVERLAYS[(OVERLAYS.indexOf(overlay) + 1) % OVERLAYS.length]! })} />
    </div>
  );
}
