/** How results are written to a file. */
import { useId } from 'react';
import { TypedNumber } from '../form/NumberControls';
import { useWords } from '../language';
import type { Encoding } from '../api/types';
import { useStudio } from '../state/studio';
import { Icon } from '../ui/Icon';
import { Segmented, Switch } from '../ui/controls';

const FORMATS = ['png', 'jpeg', 'webp', 'tiff'];
const LOSSY = ['jpeg', 'webp'];

export function EncodingFields() {
  const { t } = useWords();
  const id = useId();
  const encoding = useStudio((state) => state.encoding);
  const set = (fields: Partial<Record<keyof Encoding, unknown>>) => useStudio.setState({ encoding: { ...encoding, ...fields } as Encoding });
  const format = encoding.format ?? 'auto';
  return (
    <details className="more">
      <summary><Icon name="chevron" size={16} />{t('form.encoding')}<span className="count">{format === 'auto' ? t('form.auto') : format.toUpperCase()}</span></summary>
      <div className="fields">
        <div className="field">
          <Segmented
            label={t('form.format')}
            value={format}
            options={[{ value: 'auto', label: t('form.auto'), help: t('form.format.auto') }, ...FORMATS.map((one) => ({ value: one, label: one.toUpperCase() }))]}
            onChange={(value) => set({ format: value === 'auto' ? undefined : value })}
          />
        </div>
        {LOSSY.includes(format) && (
          <div className="field inline">
            <div className="field-head">
              <label className="field-label" htmlFor={`${id}-quality`}>{t('form.quality')}</label>
              <span className="grow" />
              <span className="number-box"><TypedNumber id={`${id}-quality`} value={encoding.quality ?? null} step={1} min={1} max={100} placeholder="90" onChange={(value) => set({ quality: value ?? undefined })} /></span>
            </div>
          </div>
        )}
        {(format === 'png' || format === 'tiff') && (
          <div className="field">
            <span className="field-label">{t('form.depth')}</span>
            <Segmented label={t('form.depth')} value={String(encoding.depth ?? 'auto')} options={[{ value: 'auto', label: t('form.auto'), help: t('form.depth.auto') }, { value: '8', label: '8' }, { value: '16', label: '16' }]} onChange={(value) => set({ depth: value === 'auto' ? undefined : Number(value) })} />
          </div>
        )}
        <div className="field inline">
          <div className="field-head">
            <label className="field-label" htmlFor={`${id}-strip`}>{t('form.strip')}</label>
            <span className="grow" />
            <Switch id={`${id}-strip`} checked={encoding.strip_metadata ?? false} onChange={(value) => set({ strip_metadata: value || undefined })} describedBy={`${id}-strip-help`} />
          </div>
          <p className="choice-note" id={`${id}-strip-help`}>{t('form.stripHelp')}</p>
        </div>
      </div>
    </details>
  );
}
