/** The studio: capabilities left, the picture in the middle, the panel right. */
import { useWords } from '../language';
import { ResultBar } from '../canvas/ResultBar';
import { ResultStrip } from '../canvas/ResultStrip';
import { Stage } from '../canvas/Stage';
import { ZoomBar } from '../canvas/ZoomBar';
import { MaskTools } from '../mask/MaskTools';
import { LayersPanel } from '../panels/LayersPanel';
import { SettingsPanel } from '../panels/SettingsPanel';
import { QueuePanel } from '../queue/QueuePanel';
import { useJobs } from '../state/jobs';
import { useLayers } from '../layers/store';
import { useStudio, type Panel } from '../state/studio';
import { IconButton } from '../ui/controls';
import { Icon } from '../ui/Icon';
import { Rail } from './Rail';

const PANELS: [Panel, string][] = [['settings', 'settings'], ['layers', 'layers'], ['queue', 'queue']];

function PanelTabs() {
  const { t } = useWords();
  const panel = useStudio((state) => state.panel);
  const queue = useJobs((state) => state.queue);
  const layers = useLayers((state) => state.layers.length);
  const arrows = (event: React.KeyboardEvent) => {
    const by = { ArrowRight: 1, ArrowLeft: PANELS.length - 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const next = PANELS[(PANELS.findIndex(([id]) => id === panel) + by) % PANELS.length]![0];
    useStudio.setState({ panel: next });
    document.getElementById(`tab-${next}`)?.focus();
  };
  const counts: Record<Panel, number> = { settings: 0, layers, queue: queue.running.length + queue.waiting.length };
  return (
    <div className="panel-tabs" role="tablist" aria-label={t('nav.settings')} onKeyDown={arrows}>
      {PANELS.map(([id, icon]) => (
        <button key={id} type="button" role="tab" id={`tab-${id}`} aria-selected={panel === id} tabIndex={panel === id ? 0 : -1} aria-controls="panel" className="panel-tab" onClick={() => useStudio.setState({ panel: id, collapsed: false })}>
          <Icon name={icon} size={18} /><span>{t(`nav.${id}`)}</span>{counts[id] > 0 && <em>{counts[id]}</em>}
        </button>
      ))}
    </div>
  );
}

export function Studio() {
  const { t } = useWords();
  const panel = useStudio((state) => state.panel);
  const name = useStudio((state) => state.picture?.name ?? '');
  const collapsed = useStudio((state) => state.collapsed);
  return (
    <div className="studio">
      <Rail />
      <main className="table" aria-label={t('nav.studio')}>
        <h1 className="visually-hidden">{`${t('nav.studio')}: ${name}`}</h1>
        <div className="stage-holder">
          <Stage />
          <MaskTools />
          <ZoomBar />
        </div>
        <div className="below">
          <ResultBar />
          <ResultStrip />
        </div>
      </main>
      <aside className={collapsed ? 'panel collapsed' : 'panel'} aria-label={t('nav.settings')}>
        <div className="panel-top">
          <PanelTabs />
          <IconButton className="fold-panel" icon="chevron" label={t('nav.fold')} pressed={collapsed} onClick={() => useStudio.setState({ collapsed: !collapsed })} />
        </div>
        <div className="panel-body" id="panel" role="tabpanel" aria-labelledby={`tab-${panel}`}>
          {panel === 'settings' && <SettingsPanel />}
          {panel === 'layers' && <LayersPanel />}
          {panel === 'queue' && <QueuePanel />}
        </div>
      </aside>
    </div>
  );
}
