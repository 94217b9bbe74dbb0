/** Groups of fields, lists of rows, and lists of steps of different kinds such as `adjust`'s edits. */
import { useState } from 'react';
import { askPicture, usePicker, type Picked } from '../canvas/picker';
import { useWords } from '../language';
import { startValue, valuesOf, type Field } from '../schema/fields';
import { fieldLabel } from '../schema/labels';
import { IconButton, Menu, Switch } from '../ui/controls';
import { Icon } from '../ui/Icon';
import type { ControlProps } from './Control';
import { FieldRow } from './FieldRow';
import { useTexts } from './texts';

type Values = Record<string, unknown>;

/** Asks the picture for the numbers that name a place in it. */
function FromPicture({ fields, path, values, onChange }: FieldsProps) {
  const { t } = useWords();
  const key = path.join('.');
  const active = usePicker((state) => state.picker?.key === key);
  const has = (name: string) => fields.some((field) => field.name === name);
  if (!has('x') || !has('y')) return null;
  const rectangle = has('width') && has('height');
  const take = ({ x, y, width, height }: Picked) => onChange({ ...values, x, y, ...(rectangle ? { width, height } : {}) });
  return (
    <button type="button" className="button" aria-pressed={active} onClick={() => askPicture({ key, point: !rectangle, take })}>
      <Icon name={rectangle ? 'rectangle' : 'select'} size={18} /><span>{t('form.fromPicture')}</span>
    </button>
  );
}

interface FieldsProps {
  fields: Field[];
  path: string[];
  values: Values;
  onChange: (values: Values) => void;
}

function Fields({ fields, path, values, onChange }: FieldsProps) {
  return (
    <div className="nested">
      <FromPicture {...{ fields, path, values, onChange }} />
      {fields.map((field) => (
        <FieldRow
          key={field.name}
          field={field}
          path={path}
          value={values[field.name] ?? field.fallback}
          onChange={(value) => onChange({ ...values, [field.name]: value })}
        />
      ))}
    </div>
  );
}

export function GroupControl({ field, path, value, onChange, id }: ControlProps & { field: Extract<Field, { kind: 'group' }> }) {
  const values = value && typeof value === 'object' ? (value as Values) : null;
  return (
    <>
      {field.nullable && <Switch id={id} checked={values !== null} onChange={(on) => onChange(on ? valuesOf(field.fields) : null)} />}
      {values && <Fields fields={field.fields} path={[...path, field.name]} values={values} onChange={onChange} />}
    </>
  );
}

function moved<T>(list: T[], from: number, to: number): T[] {
  const next = [...list];
  const [item] = next.splice(from, 1);
  if (item !== undefined) next.splice(to, 0, item);
  return next;
}

interface RowFrameProps {
  title: string;
  index: number;
  count: number;
  help?: string;
  open: boolean;
  onToggle: () => void;
  onMove: (to: number) => void;
  onRemove: () => void;
  children: React.ReactNode;
}

function RowFrame({ title, index, count, help, open, onToggle, onMove, onRemove, children }: RowFrameProps) {
  const { t } = useWords();
  return (
    <li className="step">
      <div className="step-head">
        <button type="button" className="step-title" aria-expanded={open} title={help} onClick={onToggle}>
          <span className="step-number">{index + 1}</span>
          <span className="grow">{title}</span>
          <Icon name="chevron" size={16} />
        </button>
        <IconButton className="tiny" icon="up" size={14} label={`${t('action.up')}: ${title}`} disabled={index === 0} onClick={() => onMove(index - 1)} />
        <IconButton className="tiny" icon="down" size={14} label={`${t('action.down')}: ${title}`} disabled={index === count - 1} onClick={() => onMove(index + 1)} />
        <IconButton className="tiny" icon="close" size={14} label={`${t('action.remove')}: ${title}`} onClick={onRemove} />
      </div>
      {open && children}
    </li>
  );
}

function usable(value: unknown): Values[] {
  return Array.isArray(value) ? value.filter((one): one is Values => typeof one === 'object' && one !== null) : [];
}

/** Steps of different kinds, in their order. */
export function VariantsControl({ field, path, value, onChange }: ControlProps & { field: Extract<Field, { kind: 'variants' }> }) {
  const { t, language } = useWords();
  const texts = useTexts();
  const [open, setOpen] = useState<number | null>(null);
  const steps = usable(value);
  const add = (tag: string) => {
    const variant = field.variants.find((one) => one.tag === tag);
    onChange([...steps, { [field.tagName]: tag, ...valuesOf(variant?.fields ?? []) }]);
    setOpen(steps.length);
  };
  return (
    <>
      {steps.length > 0 && (
        <ol className="steps">
          {steps.map((step, index) => {
            const tag = String(step[field.tagName]);
            const variant = field.variants.find((one) => one.tag === tag);
            return (
              <RowFrame
                // Steps have no identity of their own; their place is it.
                key={index}
                title={fieldLabel(tag, language, [field.name])}
                help={texts.help([...path, field.name, tag], variant?.help ?? '')}
                index={index}
                count={steps.length}
                open={open === index}
                onToggle={() => setOpen(open === index ? null : index)}
                onMove={(to) => (setOpen(null), onChange(moved(steps, index, to)))}
                onRemove={() => (setOpen(null), onChange(steps.filter((_, at) => at !== index)))}
              >
                <Fields fields={variant?.fields ?? []} path={[...path, field.name, tag]} values={step} onChange={(next) => onChange(steps.map((one, at) => (at === index ? next : one)))} />
              </RowFrame>
            );
          })}
        </ol>
      )}
      <Menu className="add-step" icon="plus" text={t('form.addStep')} label={t('form.addStep')} align="start" items={field.variants.map((variant) => ({ label: fieldLabel(variant.tag, language, [field.name]), onSelect: () => add(variant.tag) }))} />
    </>
  );
}

/** Rows of one kind, such as rectangles. */
export function RowsControl({ field, path, value, onChange }: ControlProps & { field: Extract<Field, { kind: 'rows' }> }) {
  const { t, language } = useWords();
  const [open, setOpen] = useState<number | null>(null);
  const rows = usable(value);
  const add = () => {
    onChange([...rows, Object.fromEntries(field.fields.map((one) => [one.name, startValue(one)]))]);
    setOpen(rows.length);
  };
  return (
    <>
      {rows.length > 0 && (
        <ol className="steps">
          {rows.map((row, index) => (
            <RowFrame
              key={index}
              title={Object.values(row).map((one) => String(one)).join(' · ') || fieldLabel(field.name, language)}
              index={index}
              count={rows.length}
              open={open === index}
              onToggle={() => setOpen(open === index ? null : index)}
              onMove={(to) => onChange(moved(rows, index, to))}
              onRemove={() => onChange(rows.filter((_, at) => at !== index))}
            >
              <Fields fields={field.fields} path={[...path, field.name]} values={row} onChange={(next) => onChange(rows.map((one, at) => (at === index ? next : one)))} />
            </RowFrame>
          ))}
        </ol>
      )}
      <button type="button" className="button quiet" onClick={add}><Icon name="plus" size={18} /><span>{t('action.add')}</span></button>
    </>
  );
}
