/** Presets with pictures made by danqing itself: one click sets the parameters that they name. */
import { useState } from 'react';
import type { Preset } from '../api/types';
import { useWords } from '../language';
import { same } from '../schema/values';
import { useCatalogue } from '../state/catalogue';
import { changeParams, makeRoomFor, paramsOf, useStudio } from '../state/studio';

const AT_ONCE = 9;

/** Made by danqing itself with `tools/web/thumbnails.sh`; a style of the reader's own has none. */
const THUMBNAILS = import.meta.glob<string>('./thumbnails/*.jpg', { query: '?url', import: 'default', eager: true });
const thumbnailOf = (preset: Preset): string | undefined => preset.thumbnail ?? THUMBNAILS[`./thumbnails/${preset.id}.jpg`];

export function Presets({ capability }: { capability: string }) {
  const { t, of } = useWords();
  const all = useCatalogue((state) => state.presets);
  const presets = all.filter((preset) => preset.capability === capability);
  const params = useStudio((state) => paramsOf(state, capability));
  const [open, setOpen] = useState(false);
  if (presets.length === 0) return null;
  const chosen = (preset: (typeof presets)[number]) => Object.entries(preset.params).every(([name, value]) => same(params[name], value));
  const toggle = (preset: (typeof presets)[number]) => {
    if (!chosen(preset)) Object.keys(preset.params).forEach((name) => makeRoomFor(name));
    changeParams((now) => {
      const others = new Set(presets.flatMap((one) => Object.keys(one.params)));
      const rest = Object.fromEntries(Object.entries(now).filter(([name]) => !others.has(name)));
      return chosen(preset) ? rest : { ...rest, ...preset.params };
    });
  };
  const visible = open ? presets : presets.filter((preset, at) => at < AT_ONCE || chosen(preset));
  return (
    <section className="presets" aria-label={t('form.presets')}>
      <span className="field-label">{t('form.presets')}</span>
      <div className="preset-grid">
        {visible.map((preset) => (
          <button key={preset.id} type="button" className="preset" title={of(preset.title)} aria-pressed={chosen(preset)} onClick={() => toggle(preset)}>
            {thumbnailOf(preset) ? <img src={thumbnailOf(preset)} alt="" loading="lazy" /> : <span className="preset-blank" aria-hidden="true">{of(preset.title).slice(0, 1)}</span>}
            <span className="preset-title">{of(preset.title).split(/[:：]/)[0]}</span>
          </button>
        ))}
      </div>
      {presets.length > AT_ONCE && (
        <button type="button" className="button quiet" onClick={() => setOpen(!open)}>{open ? t('form.fewerPresets') : `${t('form.allPresets')} (${presets.length})`}</button>
      )}
    </section>
  );
}
