/** Names of fields in the server's sentences, between backticks, as the form writes them. */
import { fieldLabel } from '../schema/labels';
import type { Language } from '.';

export function withFieldNames(text: string, language: Language): string {
  const [open, close] = language === 'zh' ? ['「', '」'] : ['“', '”'];
  // Chinese brackets bring their own space.
  const around = language === 'zh' ? ' ?' : '';
  const name = new RegExp(`${around}\`([a-z][a-z0-9_]*)\`${around}`, 'g');
  return text.replace(name, (_, field: string) => `${open}${fieldLabel(field, language)}${close}`);
}
