/** A capability whose model is not there says which one, how large, under which licence, and the command that fetches it. */
import type { Capability } from '../api/types';
import { useWords } from '../language';
import { bytesText } from '../language/measures';
import { useCatalogue } from '../state/catalogue';
import { copyText } from '../ui/clipboard';
import { IconButton } from '../ui/controls';
import { Icon } from '../ui/Icon';
import { titleOf } from './SettingsPanel';

export function MissingModel({ capability }: { capability: Capability }) {
  const { t, of } = useWords();
  const models = useCatalogue((state) => state.models);
  const own = models.filter((model) => model.enables.includes(capability.id));
  const missing = own.filter((model) => model.state !== 'ready');
  if (missing.length === 0) return null;
  const none = missing.length === own.length;
  const shown = none ? missing.slice(0, 2) : missing.slice(0, 1);
  return (
    <section className={none ? 'missing needed' : 'missing'}>
      <h3><Icon name={none ? 'warn' : 'info'} size={18} />{none ? t('form.missing.title', { capability: titleOf(capability, of) }) : t('form.missing.some')}</h3>
      {shown.map((model) => {
        const command = `danqing models pull ${model.pack || model.id}`;
        return (
          <div key={model.id}>
            <p>{t('form.missing.body', { title: of(model.title), size: bytesText(model.bytes), licence: model.licence })}</p>
            <p className="command"><code>{command}</code><IconButton icon="copy" size={16} label={t('form.copyCommand')} onClick={() => void copyText(command)} /></p>
          </div>
        );
      })}
    </section>
  );
}
