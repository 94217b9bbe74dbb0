/** Numbers: on a slider where their range is known, typed where it is not, and seeds with a dice. */
import { useEffect, useState } from 'react';
import { useWords } from '../language';
import { restOf, type Field } from '../schema/fields';
import { unitOf } from '../schema/unit';
import { plainNumber } from '../schema/values';
import { IconButton } from '../ui/controls';
import type { ControlProps } from './Control';

function clamped(value: number, min = -Infinity, max = Infinity): number {
  return Math.min(max, Math.max(min, value));
}

interface TypedProps {
  value: number | null;
  step: number;
  min?: number | undefined;
  max?: number | undefined;
  placeholder: string;
  label?: string;
  id?: string;
  describedBy?: string | undefined;
  onChange: (value: number | null) => void;
}

/** A number that is typed: taken over when the field is left or Enter is pressed, so that half-typed ones do no harm. */
export function TypedNumber({ value, step, min, max, placeholder, label, id, describedBy, onChange }: TypedProps) {
  const text = value === null ? '' : plainNumber(value, Math.min(step, 0.001));
  const [draft, setDraft] = useState(text);
  useEffect(() => setDraft(text), [text]);
  const commit = () => {
    const number = Number(draft.replace(',', '.'));
    if (draft.trim() === '') onChange(null);
    else if (Number.isNaN(number)) setDraft(text);
    else onChange(clamped(step >= 1 ? Math.round(number) : number, min, max));
  };
  return (
    <input
      id={id}
      className="typed-number"
      inputMode={min !== undefined && min < 0 ? 'text' : 'decimal'}
      value={draft}
      placeholder={placeholder}
      aria-label={label}
      aria-describedby={describedBy}
      onChange={(event) => setDraft(event.target.value)}
      onBlur={commit}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && !event.ctrlKey && !event.metaKey) commit();
        if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return;
        event.preventDefault();
        const by = (event.key === 'ArrowUp' ? 1 : -1) * step * (event.shiftKey ? 10 : 1);
        onChange(clamped(Number(plainNumber((value ?? 0) + by, step)), min, max));
      }}
    />
  );
}

export function SliderControl({ field, value, onChange, id, label, help }: ControlProps & { field: Extract<Field, { kind: 'slider' }> }) {
  const { t } = useWords();
  const rest = restOf(field);
  const number = typeof value === 'number' ? value : null;
  const at = number ?? rest;
  const [low, high] = field.soft ?? [field.min, field.max];
  const share = clamped((at - low) / (high - low), 0, 1);
  const origin = (rest - low) / (high - low);
  const unit = unitOf(field.help);
  return (
    <div className="slider-row">
      <input
        id={id}
        type="range"
        className={number === null ? 'slider unset' : 'slider'}
        min={low}
        max={high}
        step={field.step}
        value={at}
        aria-describedby={help ? `${id}-help` : undefined}
        aria-valuetext={number === null ? t('form.none') : `${plainNumber(at, field.step)} ${unit}`.trim()}
        style={{ '--from': Math.min(share, origin), '--to': Math.max(share, origin) } as React.CSSProperties}
        onChange={(event) => onChange(Number(event.target.value))}
        onDoubleClick={() => onChange(field.fallback)}
      />
      <span className="number-box">
        <TypedNumber
          value={number}
          step={field.step}
          min={field.min}
          max={field.max}
          placeholder="–"
          label={label}
          onChange={(next) => onChange(next ?? field.fallback)}
        />
        {unit && <span className="unit" aria-hidden="true">{unit}</span>}
      </span>
    </div>
  );
}

export function NumberControl({ field, value, onChange, id, help }: ControlProps & { field: Extract<Field, { kind: 'number' }> }) {
  const { t } = useWords();
  const unit = unitOf(field.help);
  return (
    <span className="number-box wide">
      <TypedNumber
        id={id}
        value={typeof value === 'number' ? value : null}
        step={field.integer ? 1 : 0.1}
        min={field.min}
        max={field.max}
        placeholder={t('form.auto')}
        describedBy={help ? `${id}-help` : undefined}
        onChange={(next) => onChange(next ?? field.fallback)}
      />
      {unit && <span className="unit" aria-hidden="true">{unit}</span>}
    </span>
  );
}

export function SeedControl({ value, onChange, id, help }: ControlProps) {
  const { t } = useWords();
  const roll = () => onChange(crypto.getRandomValues(new Uint32Array(1))[0]! % 1_000_000);
  return (
    <div className="seed-row">
      <span className="number-box wide">
        <TypedNumber id={id} value={typeof value === 'number' ? value : null} step={1} min={0} placeholder={t('form.random')} describedBy={help ? `${id}-help` : undefined} onChange={onChange} />
      </span>
      <IconButton icon="dice" label={t('form.dice')} keys="D" onClick={roll} />
    </div>
  );
}
