/** Copies text; plain http addresses of a local network have no clipboard API, so the old way is kept. */
import { t } from '../language';
import { tell } from '../state/notices';

export async function copyText(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  }
  tell({ message: t('action.copied') });
}
