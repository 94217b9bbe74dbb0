/** One field of a form: its name, its control, and its help one click away. */
import { useId, useState, type ReactNode } from 'react';
import { useWords } from '../language';
import type { Field } from '../schema/fields';
import { fieldLabel } from '../schema/labels';
import { same } from '../schema/values';
import { Icon } from '../ui/Icon';
import { IconButton } from '../ui/controls';
import { Control } from './Control';
import { useTexts } from './texts';

export interface FieldProps {
  field: Field;
  /** Names of the lists and variants that the field lies in, for its help text. */
  path: string[];
  value: unknown;
  onChange: (value: unknown) => void;
}

/** Kinds whose control stands on the label's own line. */
const INLINE = new Set(['switch', 'colour']);

export function FieldRow({ field, path, value, onChange }: FieldProps) {
  const { t, language } = useWords();
  const texts = useTexts();
  const id = useId();
  const [open, setOpen] = useState(false);
  const label = fieldLabel(field.name, language, path);
  const help = texts.help([...path, field.name], field.help);
  const changed = !same(value, field.fallback);
  const control: ReactNode = <Control {...{ field, path, value, onChange, id, label }} help={help} />;
  return (
    <div className={`field kind-${field.kind}${INLINE.has(field.kind) ? ' inline' : ''}`} data-field={field.name}>
      <div className="field-head">
        <label className="field-label" htmlFor={id} id={`${id}-label`}>{label}</label>
        {help && (
          <button type="button" className="help-button" aria-expanded={open} aria-label={t('form.help', { field: label })} title={help} onClick={() => setOpen(!open)}>
            <Icon name="info" size={15} />
          </button>
        )}
        <span className="grow" />
        {changed && <IconButton className="tiny" icon="reset" size={14} label={`${t('action.reset')}: ${label}`} onClick={() => onChange(field.fallback)} />}
        {INLINE.has(field.kind) && control}
      </div>
      {!INLINE.has(field.kind) && control}
      {help && <p className={open ? 'field-help' : 'visually-hidden'} id={`${id}-help`}>{help}</p>}
    </div>
  );
}
