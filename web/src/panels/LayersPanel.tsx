/** The stack of layers: order, visibility, opacity, blend mode, mask; and the button that makes one picture of it. */
import { thumbnailUrl } from '../api/client';
import { useWords } from '../language';
import { choiceLabel } from '../schema/labels';
import { addLayer, BLENDS, changeLayer, flatten, maskLayer, moveLayer, removeLayer, useLayers, type Blend, type Layer } from '../layers/store';
import { useMask } from '../mask/store';
import { uploaded } from '../state/files';
import { complain } from '../state/notices';
import { useStudio } from '../state/studio';
import { FileButton, IconButton } from '../ui/controls';
import { Icon } from '../ui/Icon';

const BLEND_ZH: Record<Blend, string> = {
  'source-over': '正常', multiply: '正片叠底', screen: '滤色', overlay: '叠加', 'soft-light': '柔光', 'hard-light': '强光', darken: '变暗',
  lighten: '变亮', 'color-dodge': '颜色减淡', 'color-burn': '颜色加深', difference: '差值', exclusion: '排除', hue: '色相', saturation: '饱和度',
  color: '颜色', luminosity: '明度',
};

function LayerRow({ layer, top, bottom }: { layer: Layer; top: boolean; bottom: boolean }) {
  const { t, language } = useWords();
  const paper = useMask((state) => state.papers[state.port]);
  const blendName = (blend: Blend) => (language === 'zh' ? BLEND_ZH[blend] : blend === 'source-over' ? 'Normal' : choiceLabel(blend, 'en'));
  return (
    <li className={layer.visible ? 'layer' : 'layer off'}>
      <div className="layer-head">
        <img src={thumbnailUrl(layer.file, 128)} alt="" />
        <span className="layer-name" title={layer.file.name}>{layer.file.name}{layer.mask && <em>{t('layers.masked')}</em>}</span>
        <IconButton className="tiny" size={16} icon={layer.visible ? 'eye' : 'hidden'} label={`${t('layers.visible')}: ${layer.file.name}`} pressed={layer.visible} onClick={() => changeLayer(layer.id, { visible: !layer.visible })} />
        <IconButton className="tiny" size={16} icon="up" label={t('action.up')} disabled={top} onClick={() => moveLayer(layer.id, 1)} />
        <IconButton className="tiny" size={16} icon="down" label={t('action.down')} disabled={bottom} onClick={() => moveLayer(layer.id, -1)} />
        <IconButton className="tiny" size={16} icon="trash" label={`${t('action.remove')}: ${layer.file.name}`} onClick={() => removeLayer(layer.id)} />
      </div>
      <div className="layer-settings">
        <select className="select" aria-label={t('layers.blend')} value={layer.blend} onChange={(event) => changeLayer(layer.id, { blend: event.target.value as Blend })}>
          {BLENDS.map((blend) => <option key={blend} value={blend}>{blendName(blend)}</option>)}
        </select>
        <input type="range" className="slider" aria-label={t('layers.opacity')} min={0} max={1} step={0.01} value={layer.opacity} style={{ '--from': 0, '--to': layer.opacity } as React.CSSProperties} onChange={(event) => changeLayer(layer.id, { opacity: Number(event.target.value) })} />
        <span className="layer-opacity">{Math.round(layer.opacity * 100)} %</span>
      </div>
      <div className="layer-mask">
        {layer.mask
          ? <button type="button" className="button quiet" onClick={() => changeLayer(layer.id, { mask: null })}>{t('layers.dropMask')}</button>
          : paper && !paper.empty && <button type="button" className="button quiet" onClick={() => void maskLayer(layer.id).catch(complain)}>{t('layers.useMask')}</button>}
      </div>
    </li>
  );
}

export function LayersPanel() {
  const { t } = useWords();
  const layers = useLayers((state) => state.layers);
  const picture = useStudio((state) => state.picture);
  useMask((state) => state.version);
  const add = async (files: File[]) => {
    for (const file of files) {
      const stored = await uploaded(file);
      if (stored) addLayer(stored);
    }
  };
  return (
    <>
      <div className="panel-scroll">
        <header className="panel-head"><h2>{t('nav.layers')}</h2></header>
        {layers.length === 0 && <p className="empty">{t('layers.empty')}</p>}
        <ol className="layers">
          {[...layers].reverse().map((layer, at) => <LayerRow key={layer.id} layer={layer} top={at === 0} bottom={at === layers.length - 1} />)}
          {picture && (
            <li className="layer base">
              <div className="layer-head"><img src={thumbnailUrl(picture, 128)} alt="" /><span className="layer-name">{t('layers.base')}<em>{picture.name}</em></span></div>
            </li>
          )}
        </ol>
        <FileButton className="button quiet" multiple onFiles={(files) => void add(files)}><Icon name="plus" size={18} /><span>{t('layers.fromFile')}</span></FileButton>
      </div>
      {layers.length > 0 && (
        <footer className="run-bar">
          <button type="button" className="button primary run" onClick={() => void flatten().catch(complain)}><Icon name="layers" size={18} /><span>{t('layers.flatten')}</span></button>
        </footer>
      )}
    </>
  );
}
