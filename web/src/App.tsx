import { useEffect, useState } from 'react';
import { setUnauthorisedHandler } from './api/client';
import { Gallery } from './gallery/Gallery';
import { RecipeDialog } from './gallery/RecipeDialog';
import { useWords } from './language';
import { Help } from './shell/Help';
import { Notices } from './shell/Notices';
import { Studio } from './shell/Studio';
import { TokenDialog, useToken } from './shell/TokenDialog';
import { TopBar } from './shell/TopBar';
import { useDrops } from './shell/useDrops';
import { useShortcuts } from './shell/useShortcuts';
import { Start } from './start/Start';
import { loadCatalogue, useCatalogue } from './state/catalogue';
import { showFinished } from './state/finished';
import { followJobs, loadJobs, useJobs } from './state/jobs';
import { complain } from './state/notices';
import { useStudio } from './state/studio';
import { AskDialog } from './ui/AskDialog';
import { Mark } from './ui/Icon';

setUnauthorisedHandler(() => useToken.setState({ wanted: true }));

/** Loads what the studio can do and follows its jobs; begins anew when a token was entered. */
function useServer(): () => void {
  const [attempt, setAttempt] = useState(0);
  const ready = useCatalogue((state) => state.ready);
  const wanted = useToken((state) => state.wanted);
  useEffect(() => {
    if (wanted) return undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    Promise.all([loadCatalogue(), loadJobs()]).catch((error: unknown) => {
      if (useToken.getState().wanted) return;
      if (attempt === 0) complain(error);
      timer = setTimeout(() => setAttempt(attempt + 1), 3000);
    });
    return () => clearTimeout(timer);
  }, [attempt, wanted]);
  useEffect(() => {
    if (!ready) return undefined;
    const stopJobs = followJobs();
    const stopShowing = showFinished();
    return () => {
      stopJobs();
      stopShowing();
    };
  }, [ready]);
  return () => setAttempt((now) => now + 1);
}

export function App() {
  const { t } = useWords();
  const again = useServer();
  const over = useDrops();
  useShortcuts();
  const ready = useCatalogue((state) => state.ready);
  const wanted = useToken((state) => state.wanted);
  const connected = useJobs((state) => state.connected);
  const view = useStudio((state) => (state.view === 'studio' && !state.picture ? 'start' : state.view));
  if (wanted) return <TokenDialog onEntered={again} />;
  return (
    <div className="app">
      <TopBar />
      {!connected && <p className="offline" role="status">{t('app.offline')}</p>}
      {!ready && <main className="loading"><Mark size={56} /></main>}
      {ready && view === 'start' && <Start />}
      {ready && view === 'studio' && <Studio />}
      {ready && view === 'gallery' && <Gallery />}
      {over && <div className="drop-veil" aria-hidden="true"><span>{t('start.dropNow')}</span></div>}
      <RecipeDialog />
      <AskDialog />
      <Help />
      <Notices />
    </div>
  );
}
