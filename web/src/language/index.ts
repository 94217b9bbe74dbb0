/** Words in the language that the reader chose; the browser's until then. */
import { create } from 'zustand';
import { setApiLanguage } from '../api/client';
import type { Texts } from '../api/types';
import { en, type TextKey } from './en';
import { zh } from './zh';

export type Language = 'en' | 'zh';
export type { TextKey };

const KEY = 'danqing.language';
const WORDS = { en, zh };

function initial(): Language {
  const stored = localStorage.getItem(KEY);
  if (stored === 'en' || stored === 'zh') return stored;
  return navigator.languages.some((name) => name.toLowerCase().startsWith('zh')) ? 'zh' : 'en';
}

function apply(language: Language): void {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  setApiLanguage(language);
}

interface LanguageState {
  language: Language;
  setLanguage: (language: Language) => void;
}

export const useLanguage = create<LanguageState>((set) => {
  const language = initial();
  apply(language);
  return {
    language,
    setLanguage: (next) => {
      localStorage.setItem(KEY, next);
      apply(next);
      set({ language: next });
    },
  };
});

export type Values = Record<string, string | number>;

export function filled(template: string, values: Values = {}): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

export function word(language: Language, key: TextKey, values?: Values): string {
  return filled(WORDS[language][key], values);
}

/** The text of the chosen language; older servers send plain English. */
export function textIn(language: Language, texts: Texts | string | undefined): string {
  if (!texts) return '';
  return typeof texts === 'string' ? texts : texts[language] || texts.en;
}

export interface Words {
  language: Language;
  t: (key: TextKey, values?: Values) => string;
  of: (texts: Texts | string | undefined) => string;
}

export function useWords(): Words {
  const language = useLanguage((state) => state.language);
  return {
    language,
    t: (key, values) => word(language, key, values),
    of: (texts) => textIn(language, texts),
  };
}

/** For code outside of components. */
export function t(key: TextKey, values?: Values): string {
  return word(useLanguage.getState().language, key, values);
}
