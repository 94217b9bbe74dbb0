/** Asks for one line of text. */
import { useId, useState } from 'react';
import { create } from 'zustand';
import { useWords } from '../language';
import { Dialog } from './controls';

interface Question {
  title: string;
  value: string;
  answer: (text: string | undefined) => void;
}

const useQuestion = create<{ question: Question | undefined }>(() => ({ question: undefined }));

/** Resolves with what was typed, or nothing when the window was closed. */
export function askText(title: string, value = ''): Promise<string | undefined> {
  return new Promise((answer) => useQuestion.setState({ question: { title, value, answer } }));
}

export function AskDialog() {
  const question = useQuestion((state) => state.question);
  return question ? <AskOf question={question} /> : null;
}

function AskOf({ question }: { question: Question }) {
  const { t } = useWords();
  const id = useId();
  const [text, setText] = useState(question.value);
  const close = (answer: string | undefined) => {
    useQuestion.setState({ question: undefined });
    question.answer(answer?.trim() || undefined);
  };
  return (
    <Dialog title={question.title} onClose={() => close(undefined)}>
      <form className="ask" onSubmit={(event) => (event.preventDefault(), close(text))}>
        <label className="visually-hidden" htmlFor={id}>{question.title}</label>
        <input id={id} className="text" value={text} autoFocus onChange={(event) => setText(event.target.value)} />
        <button type="submit" className="button primary" disabled={!text.trim()}>{t('action.save')}</button>
      </form>
    </Dialog>
  );
}
