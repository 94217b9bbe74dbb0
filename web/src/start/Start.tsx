/** The first page: open a picture, try a sample, or start a whole task. */
import { thumbnailUrl } from '../api/client';
import type { Job, Walkthrough } from '../api/types';
import { useWords } from '../language';
import { isTool, useCatalogue } from '../state/catalogue';
import { fetched, openFile } from '../state/files';
import { useJobs } from '../state/jobs';
import { openPicture, showResult } from '../state/studio';
import { FileButton } from '../ui/controls';
import { Icon, Mark } from '../ui/Icon';
import { SAMPLES, type Sample } from './samples';
import { samplesOf, startWalkthrough } from './walkthrough';

async function openSample(sample: Sample): Promise<void> {
  const stored = await fetched(sample.url, sample.name);
  if (stored) openPicture(stored);
}

function WalkthroughCard({ walkthrough }: { walkthrough: Walkthrough }) {
  const { of } = useWords();
  const pictures = samplesOf(walkthrough);
  return (
    <button type="button" className="walkthrough" onClick={() => void startWalkthrough(walkthrough)}>
      <span data-walkthrough={walkthrough.id} className={pictures.length > 1 ? 'walkthrough-pictures two' : 'walkthrough-pictures'}>
        {pictures.slice(0, 2).map((sample) => <img key={sample.name} src={sample.url} alt="" />)}
      </span>
      <span className="walkthrough-text"><strong>{of(walkthrough.title)}</strong><span>{of(walkthrough.description)}</span></span>
    </button>
  );
}

export function Start() {
  const { t, of } = useWords();
  const walkthroughs = useCatalogue((state) => state.walkthroughs);
  const jobs = useJobs((state) => state.jobs);
  const recent = Object.values(jobs)
    .filter((job): job is Job => job.state === 'done' && !job.deleted_at && job.outputs.length > 0 && !isTool(job.capability))
    .sort((left, right) => right.created_at.localeCompare(left.created_at)).slice(0, 8);
  return (
    <main className="start">
      <div className="start-inner">
        <header className="start-head">
          <Mark size={56} />
          <div><h1><span className="cjk">丹青</span> <span className="latin">danqing</span></h1><p>{t('app.tagline')}</p></div>
        </header>
        <FileButton className="drop" onFiles={([file]) => file && void openFile(file)}>
          <Icon name="upload" size={28} />
          <strong>{t('start.title')}</strong>
          <span>{t('start.drop')}</span>
          <span className="drop-limits">{t('start.limits')}</span>
        </FileButton>
        <section>
          <h2>{t('start.samples')}</h2>
          <ul className="samples">
            {SAMPLES.map((sample) => (
              <li key={sample.name}>
                <button type="button" className="sample" title={sample.credit} onClick={() => void openSample(sample)}>
                  <img src={sample.url} alt="" /><span>{of(sample.title)}</span>
                </button>
              </li>
            ))}
          </ul>
        </section>
        {walkthroughs.length > 0 && (
          <section>
            <h2>{t('start.walkthroughs')}</h2>
            <div className="walkthroughs">{walkthroughs.map((one) => <WalkthroughCard key={one.id} walkthrough={one} />)}</div>
          </section>
        )}
        {recent.length > 0 && (
          <section>
            <h2>{t('start.recent')}</h2>
            <ul className="samples">
              {recent.map((job) => (
                <li key={job.id}><button type="button" className="sample" onClick={() => showResult(job)} aria-label={`${t('gallery.openStudio')}: ${job.outputs[0]!.file.name}`}><img src={thumbnailUrl(job.outputs[0]!.file)} alt="" /></button></li>
              ))}
            </ul>
          </section>
        )}
      </div>
    </main>
  );
}
