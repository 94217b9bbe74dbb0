/** A studio that listens on the network asks for its token once; the server keeps it in a cookie. */
import { useState } from 'react';
import { create } from 'zustand';
import { api } from '../api/client';
import { useWords } from '../language';
import { Mark } from '../ui/Icon';

export const useToken = create<{ wanted: boolean }>(() => ({ wanted: false }));

export function TokenDialog({ onEntered }: { onEntered: () => void }) {
  const { t } = useWords();
  const [token, setToken] = useState('');
  const [wrong, setWrong] = useState(false);
  const enter = async (event: React.FormEvent) => {
    event.preventDefault();
    try {
      await api.session(token);
      useToken.setState({ wanted: false });
      onEntered();
    } catch {
      setWrong(true);
    }
  };
  return (
    <main className="token">
      <form onSubmit={(event) => void enter(event)}>
        <Mark size={48} />
        <h1>{t('token.title')}</h1>
        <p>{t('token.body')}</p>
        <label><span className="field-label">{t('token.label')}</span><input className="text" type="password" autoComplete="current-password" value={token} autoFocus onChange={(event) => setToken(event.target.value)} /></label>
        {wrong && <p className="field-error" role="alert">{t('token.wrong')}</p>}
        <button type="submit" className="button primary">{t('token.enter')}</button>
      </form>
    </main>
  );
}
