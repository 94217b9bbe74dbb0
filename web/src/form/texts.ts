/** Help texts of the capability whose form is drawn, in the reader's language. */
import { createContext, useContext } from 'react';
import type { Texts } from '../api/types';
import { useLanguage } from '../language';

export const TextsContext = createContext<Record<string, Partial<Texts>>>({});

/** Words that only make sense on a command line. */
const SHORT_FORM = /^(Short form: |简写：)/;

function polished(text: string): string {
  const plain = text.replace(SHORT_FORM, '');
  return plain.charAt(0).toUpperCase() + plain.slice(1);
}

export interface HelpTexts {
  help: (path: string[], fallback: string) => string;
}

/** Looks a text up by its path, most precise name first: `edits.exposure.stops`, `exposure.stops`. */
export function useTexts(): HelpTexts {
  const texts = useContext(TextsContext);
  const language = useLanguage((state) => state.language);
  return {
    help: (path, fallback) => {
      // At least two words, else `fill.auto` would find the field `auto`.
      for (let from = 0; from === 0 || (from < 2 && path.length - from > 1); from += 1) {
        const found = texts[path.slice(from).join('.')];
        if (found?.[language]) return polished(found[language]);
      }
      // A choice without a Chinese text keeps silent; its field's own text names it.
      return language === 'zh' && path.length > 1 ? '' : polished(fallback);
    },
  };
}
