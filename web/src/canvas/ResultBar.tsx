/** What can be done with the result on the canvas: go on with it, keep it, send it on. */
import { fileUrl } from '../api/client';
import { openRecipe } from '../gallery/RecipeDialog';
import { removeJob } from '../gallery/GalleryCard';
import { useWords } from '../language';
import { addLayer } from '../layers/store';
import { titleOf } from '../panels/SettingsPanel';
import { fieldLabel } from '../schema/labels';
import { extraPorts, isTool, takesPicture, useCatalogue } from '../state/catalogue';
import { change } from '../state/jobs';
import { makeRoomFor, openPicture, setExtras, useStudio } from '../state/studio';
import { IconButton, Menu, type MenuItem } from '../ui/controls';
import { Icon } from '../ui/Icon';
import { useScene } from './scene';

export function ResultBar() {
  const { t, of, language } = useWords();
  const scene = useScene();
  const capabilities = useCatalogue((state) => state.capabilities).filter((one) => !isTool(one.id));
  const compare = useStudio((state) => state.compare);
  const against = useStudio((state) => state.against);
  const current = useStudio((state) => state.capability);
  if (!scene?.job) return null;
  const { job, after } = scene;
  const targets: MenuItem[] = capabilities.filter(takesPicture).map((capability) => ({
    label: titleOf(capability, of), icon: capability.id, onSelect: () => openPicture(after, { capability: capability.id, panel: 'settings' }),
  }));
  const ports: MenuItem[] = capabilities.flatMap((capability) => extraPorts(capability).map((port) => ({
    label: `${titleOf(capability, of)} · ${t('results.asStyle', { port: fieldLabel(port.name, language) })}`,
    icon: 'send',
    onSelect: () => (makeRoomFor(port.name, capability.id), setExtras(port.name, [after], capability.id), useStudio.setState({ capability: capability.id, panel: 'settings', shown: null })),
  })));
  const more: MenuItem[] = [
    { label: t('results.recipe'), icon: 'recipe', onSelect: () => openRecipe(job) },
    { label: t('results.addLayer'), icon: 'layers', onSelect: () => addLayer(after) },
    against
      ? { label: t('results.unpin'), icon: 'pin', onSelect: () => useStudio.setState({ against: null }) }
      : { label: t('results.pin'), icon: 'pin', onSelect: () => useStudio.setState({ against: after }) },
    ...ports,
    { label: t('action.delete'), icon: 'trash', danger: true, onSelect: () => (useStudio.setState({ shown: null }), void removeJob(job)) },
  ];
  return (
    <div className="result-bar" role="toolbar" aria-label={t('results.title')}>
      <button type="button" className="button accent" title={t('results.useHint')} onClick={() => openPicture(after, { capability: current })}>
        <Icon name="check" size={18} /><span>{t('results.use')}</span>
      </button>
      <Menu className="send" icon="send" text={t('results.send')} label={t('results.send')} align="start" items={targets} />
      <IconButton icon="compare" label={t('canvas.compare')} keys="C" pressed={compare} onClick={() => useStudio.setState({ compare: !compare })} />
      <IconButton icon="heart" className={job.favourite ? 'favourite' : ''} label={job.favourite ? t('results.unfavourite') : t('results.favourite')} pressed={job.favourite} onClick={() => void change(job.id, { favourite: !job.favourite })} />
      <a className="icon-button" href={fileUrl(after, after.name)} download={after.name} aria-label={t('action.download')} title={t('action.download')}><Icon name="download" /></a>
      <Menu label={t('action.more')} items={more} />
    </div>
  );
}
