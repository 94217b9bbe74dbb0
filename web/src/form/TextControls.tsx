/** Words, lengths and whatever has no better control. */
import { useEffect, useId, useRef, useState } from 'react';
import { useWords } from '../language';
import { type Field } from '../schema/fields';
import { choiceLabel } from '../schema/labels';
import { useStudio } from '../state/studio';
import { Menu } from '../ui/controls';
import type { ControlProps } from './Control';

export function TextControl({ field, value, onChange, id, help }: ControlProps & { field: Extract<Field, { kind: 'text' }> }) {
  const { t, language } = useWords();
  const list = useId();
  const text = typeof value === 'string' ? value : '';
  const change = (next: string) => onChange(next === '' && field.nullable ? null : next);
  const describedBy = help ? `${id}-help` : undefined;
  if (field.long) return <PromptControl {...{ id, text, change, describedBy }} />;
  const few = field.examples.length > 0 && field.examples.length <= 8;
  return (
    <div className={few ? 'chips' : 'plain-text'}>
      {few && (
        <>
          {field.examples.map((example) => (
            <button key={example} type="button" className="chip" aria-pressed={text === example} onClick={() => change(text === example && field.nullable ? '' : example)}>
              {choiceLabel(example, language)}
            </button>
          ))}
        </>
      )}
      <input id={id} className={few ? 'text own' : 'text'} value={text} list={field.examples.length ? list : undefined} placeholder={field.nullable ? t('form.none') : ''} aria-describedby={describedBy} onChange={(event) => change(event.target.value)} />
      {field.examples.length > 0 && <datalist id={list}>{field.examples.map((example) => <option key={example} value={example} />)}</datalist>}
    </div>
  );
}

/** A prompt grows with its text and remembers what was run before. */
function PromptControl({ id, text, change, describedBy }: { id: string; text: string; change: (text: string) => void; describedBy: string | undefined }) {
  const { t } = useWords();
  const area = useRef<HTMLTextAreaElement>(null);
  const prompts = useStudio((state) => state.prompts);
  useEffect(() => {
    if (!area.current) return;
    area.current.style.height = 'auto';
    area.current.style.height = `${Math.min(240, area.current.scrollHeight + 2)}px`;
  }, [text]);
  return (
    <div className="prompt">
      <textarea ref={area} id={id} className="text" rows={3} value={text} aria-describedby={describedBy} onChange={(event) => change(event.target.value)} />
      {prompts.length > 0 && (
        <Menu className="prompt-history" icon="again" label={t('form.history')} items={prompts.slice(0, 12).map((prompt) => ({ label: prompt, onSelect: () => change(prompt) }))} />
      )}
    </div>
  );
}

/** Pixels or percent of a side. */
export function LengthControl({ value, onChange, id, help }: ControlProps) {
  const { t } = useWords();
  const percent = typeof value === 'string' && value.trim().endsWith('%');
  const number = typeof value === 'number' ? String(value) : String(value ?? '').replace(/[^0-9.]/g, '');
  const change = (digits: string, inPercent: boolean) => {
    const plain = digits.replace(/[^0-9.]/g, '');
    if (plain === '') onChange(null);
    else onChange(inPercent ? `${plain}%` : Math.round(Number(plain)));
  };
  return (
    <span className="number-box wide">
      <input id={id} className="typed-number" inputMode="decimal" value={number} placeholder="0" aria-describedby={help ? `${id}-help` : undefined} onChange={(event) => change(event.target.value, percent)} />
      <button type="button" className="unit-button" aria-label={`px / %: ${t('tool.amount')}`} onClick={() => change(number || '0', !percent)}>
        {percent ? '%' : 'px'}
      </button>
    </span>
  );
}

function Parsed({ id, text, parse, help }: { id: string; text: string; parse: (text: string) => boolean; help: string }) {
  const { t } = useWords();
  const [draft, setDraft] = useState(text);
  const [bad, setBad] = useState(false);
  useEffect(() => setDraft(text), [text]);
  return (
    <>
      <textarea id={id} className="text code" rows={Math.min(8, draft.split('\n').length)} value={draft} spellCheck={false} aria-invalid={bad} aria-describedby={help ? `${id}-help` : undefined} onChange={(event) => setDraft(event.target.value)} onBlur={() => setBad(!parse(draft))} />
      {bad && <p className="field-error" role="alert">{t('form.badJson')}</p>}
    </>
  );
}

export function JsonControl({ value, onChange, id, help }: ControlProps) {
  const parse = (text: string) => {
    try {
      onChange(text.trim() ? JSON.parse(text) : null);
      return true;
    } catch {
      return false;
    }
  };
  return <Parsed id={id} help={help} text={value === null || value === undefined ? '' : JSON.stringify(value, null, 1)} parse={parse} />;
}

/** Numbers with commas or spaces between them. */
export function NumbersControl({ value, onChange, id, help }: ControlProps) {
  const parse = (text: string) => {
    const numbers = text.split(/[\s,，]+/).filter(Boolean).map(Number);
    if (numbers.some(Number.isNaN)) return false;
    onChange(numbers);
    return true;
  };
  return <Parsed id={id} help={help} text={Array.isArray(value) ? value.join(', ') : ''} parse={parse} />;
}

/** Names, one or several, perhaps with a weight: `starry-night:0.7`. */
export function WordsControl({ value, onChange, id, help }: ControlProps & { field: Extract<Field, { kind: 'words' }> }) {
  const entries = Array.isArray(value) ? value.map((one: unknown) => (typeof one === 'string' ? one : `${String((one as { style?: string }).style)}:${String((one as { weight?: number }).weight ?? 1)}`)) : [];
  const parse = (text: string) => {
    onChange(text.split(/[\s,，]+/).filter(Boolean));
    return true;
  };
  return <Parsed id={id} help={help} text={entries.join(', ')} parse={parse} />;
}
