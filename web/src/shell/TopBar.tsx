/** Name, place, and the few switches that concern the whole page. */
import { useWords } from '../language';
import { useLanguage } from '../language';
import { useJobs } from '../state/jobs';
import { useTheme, toggleTheme } from '../state/theme';
import { openFile } from '../state/files';
import { useStudio, type View } from '../state/studio';
import { FileButton, IconButton } from '../ui/controls';
import { Icon, Mark } from '../ui/Icon';
import { openHelp } from './Help';

function Tab({ view, icon, label }: { view: View; icon: string; label: string }) {
  const current = useStudio((state) => state.view);
  const hasPicture = useStudio((state) => state.picture !== null);
  if (view === 'studio' && !hasPicture) return null;
  return (
    <button type="button" className="tab" aria-current={current === view ? 'page' : undefined} onClick={() => useStudio.setState({ view })}>
      <Icon name={icon} size={18} /><span>{label}</span>
    </button>
  );
}

export function TopBar() {
  const { t, language } = useWords();
  const theme = useTheme((state) => state.dark);
  const queue = useJobs((state) => state.queue);
  const picture = useStudio((state) => state.picture);
  const view = useStudio((state) => state.view);
  const count = queue.running.length + queue.waiting.length;
  return (
    <header className="top-bar">
      <button type="button" className="brand" aria-label={`丹青 danqing: ${t('nav.home')}`} onClick={() => useStudio.setState({ view: 'start' })}>
        <Mark size={30} /><span className="brand-cjk" aria-hidden="true">丹青</span><span className="brand-latin" aria-hidden="true">danqing</span>
      </button>
      <nav className="tabs" aria-label={t('nav.studio')}>
        <Tab view="studio" icon="brush" label={t('nav.studio')} />
        <Tab view="gallery" icon="gallery" label={t('nav.gallery')} />
      </nav>
      <div className="file-name">
        {view === 'studio' && picture && <><span title={picture.name}>{picture.name}</span><em>{picture.width} × {picture.height}</em></>}
      </div>
      {count > 0 && (
        <button type="button" className={queue.paused ? 'queue-pill paused' : 'queue-pill'} onClick={() => useStudio.setState({ panel: 'queue', view: picture ? 'studio' : view })}>
          <span className="pulse" aria-hidden="true" />{t('queue.count', { n: count })}
        </button>
      )}
      <FileButton className="button open" onFiles={([file]) => file && void openFile(file)}><Icon name="upload" size={18} /><span>{t('action.open')}</span></FileButton>
      <button type="button" className="button quiet language" lang={language === 'zh' ? 'en' : 'zh'} aria-label={t('nav.languageLabel')} onClick={() => useLanguage.getState().setLanguage(language === 'zh' ? 'en' : 'zh')}>{t('nav.language')}</button>
      <IconButton icon={theme ? 'sun' : 'moon'} label={theme ? t('nav.light') : t('nav.dark')} onClick={toggleTheme} />
      <IconButton className="help-open" icon="help" label={t('nav.help')} keys="?" onClick={openHelp} />
    </header>
  );
}
