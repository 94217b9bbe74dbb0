/** Shows what this page asked for as soon as it is done, if its picture is still on the table; says what failed. */
import { api } from '../api/client';
import type { Job } from '../api/types';
import { t } from '../language';
import { onFinished, take } from './jobs';
import { tell } from './notices';
import { useStudio } from './studio';

/** Events speak the browser's language; asked again, the server says it in the one that was chosen. */
async function explain(job: Job): Promise<void> {
  const told = await api.job(job.id).catch(() => job);
  take(told);
  tell({ tone: 'bad', message: told.error?.message ?? t('error.title'), hint: told.error?.hint });
}

export function showFinished(): () => void {
  return onFinished((job) => {
    const { mine, picture } = useStudio.getState();
    if (!mine.includes(job.id)) return;
    if (job.state === 'failed') {
      void explain(job);
    } else if (job.state === 'done' && job.inputs.picture?.[0]?.sha256 === picture?.sha256) {
      useStudio.setState({ shown: { job: job.id, index: 0 }, compare: true });
    } else if (job.state === 'done' && !job.inputs.picture?.length && job.outputs[0]) {
      // Made from words alone: the result itself is the picture.
      useStudio.setState({ view: 'studio', picture: job.outputs[0].file, shown: null });
    }
  });
}
