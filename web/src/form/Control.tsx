/** The control that fits a field's kind. */
import { useWords } from '../language';
import { choiceLabel } from '../schema/labels';
import { Segmented, Switch } from '../ui/controls';
import { CurveEditor } from './CurveEditor';
import { GroupControl, RowsControl, VariantsControl } from './ListControls';
import { JsonControl, LengthControl, NumbersControl, TextControl, WordsControl } from './TextControls';
import { NumberControl, SeedControl, SliderControl } from './NumberControls';
import { useTexts } from './texts';
import type { Field } from '../schema/fields';

export interface ControlProps {
  field: Field;
  path: string[];
  value: unknown;
  onChange: (value: unknown) => void;
  id: string;
  label: string;
  help: string;
}

export function Control(props: ControlProps) {
  const { field, value, onChange, id, help } = props;
  const describedBy = help ? `${id}-help` : undefined;
  switch (field.kind) {
    case 'switch':
      return <Switch id={id} checked={value === true} onChange={onChange} describedBy={describedBy} />;
    case 'colour':
      return <input id={id} type="color" className="colour" value={String(value ?? '#ffffff')} onChange={(event) => onChange(event.target.value)} aria-describedby={describedBy} />;
    case 'slider':
      return <SliderControl {...props} field={field} />;
    case 'number':
      return <NumberControl {...props} field={field} />;
    case 'seed':
      return <SeedControl {...props} />;
    case 'choice':
      return <ChoiceControl {...props} field={field} />;
    case 'text':
      return <TextControl {...props} field={field} />;
    case 'length':
      return <LengthControl {...props} />;
    case 'numbers':
      return <NumbersControl {...props} />;
    case 'words':
      return <WordsControl {...props} field={field} />;
    case 'curve':
      return <CurveEditor points={Array.isArray(value) ? (value as [number, number][]) : []} onChange={onChange} />;
    case 'group':
      return <GroupControl {...props} field={field} />;
    case 'rows':
      return <RowsControl {...props} field={field} />;
    case 'variants':
      return <VariantsControl {...props} field={field} />;
    case 'json':
      return <JsonControl {...props} />;
  }
}

const NO_CHOICE = '\u0000';

function ChoiceControl({ field, path, value, onChange, id, help, label }: ControlProps & { field: Extract<Field, { kind: 'choice' }> }) {
  const { t, language } = useWords();
  const texts = useTexts();
  const options = field.options.map((option) => ({
    value: option.value,
    label: choiceLabel(option.value, language),
    help: texts.help([...path, field.name, option.value], option.help),
  }));
  const current = value === null || value === undefined ? NO_CHOICE : String(value);
  const all = field.nullable ? [{ value: NO_CHOICE, label: t('form.auto'), help: '' }, ...options] : options;
  const letters = all.reduce((sum, option) => sum + option.label.replace(/[^\x00-\xff]/g, 'xx').length + 3, 0);
  const change = (next: string) => onChange(next === NO_CHOICE ? null : next);
  const note = all.find((option) => option.value === current)?.help;
  return (
    <>
      {letters <= 38 ? (
        <Segmented label={label} labelledBy={`${id}-label`} value={current} options={all} onChange={change} />
      ) : (
        <select id={id} className="select" value={current} onChange={(event) => change(event.target.value)} aria-describedby={help ? `${id}-help` : undefined}>
          {all.map((option) => <option key={option.value} value={option.value}>{option.label}</option>)}
        </select>
      )}
      {note && <p className="choice-note">{note}</p>}
    </>
  );
}
