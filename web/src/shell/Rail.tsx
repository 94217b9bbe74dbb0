/** What can be done, one under the other. */
import { useWords } from '../language';
import { titleOf } from '../panels/SettingsPanel';
import { isTool, useCatalogue } from '../state/catalogue';
import { chooseCapability, useStudio } from '../state/studio';
import { Icon } from '../ui/Icon';

export function Rail() {
  const { t, of } = useWords();
  const capabilities = useCatalogue((state) => state.capabilities);
  const current = useStudio((state) => state.capability);
  return (
    <nav className="rail" aria-label={t('nav.capabilities')}>
      {capabilities.filter((one) => !isTool(one.id)).map((capability, at) => (
        <button key={capability.id} type="button" className="rail-item" data-capability={capability.id} aria-current={capability.id === current ? 'true' : undefined} title={`${of(capability.summary)} (${at + 1})`} onClick={() => chooseCapability(capability.id)}>
          <Icon name={capability.id} size={22} /><span>{titleOf(capability, of)}</span>
        </button>
      ))}
    </nav>
  );
}
