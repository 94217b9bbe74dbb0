/** The original and all that was made from it, side by side under the canvas; what runs shows how far it is. */
import { useEffect, useRef } from 'react';
import { displayUrl, thumbnailUrl } from '../api/client';
import type { Job } from '../api/types';
import { useWords } from '../language';
import { titleOf } from '../panels/SettingsPanel';
import { capabilityOf, isTool } from '../state/catalogue';
import { isLive, previewOf, progressOf, useJobs } from '../state/jobs';
import { useStudio } from '../state/studio';

function LiveTile({ job }: { job: Job }) {
  const { t, of } = useWords();
  const progress = useJobs((state) => progressOf(state, job));
  const preview = useJobs((state) => previewOf(state, job));
  const title = titleOf(capabilityOf(job.capability), of);
  const picture = job.inputs.picture?.[0];
  return (
    <button type="button" className="tile live" onClick={() => useStudio.setState({ panel: 'queue' })} aria-label={`${title}: ${t(`job.${job.state}`)}`}>
      {(preview ?? picture) && <img src={preview ?? thumbnailUrl(picture!, 128)} alt="" />}
      <svg className="ring" viewBox="0 0 36 36" aria-hidden="true">
        <circle cx="18" cy="18" r="14" />
        <circle className="ring-done" cx="18" cy="18" r="14" pathLength={1} strokeDasharray={`${progress?.fraction ?? 0} 1`} />
      </svg>
    </button>
  );
}

export function ResultStrip() {
  const { t, of } = useWords();
  const picture = useStudio((state) => state.picture);
  const shown = useStudio((state) => state.shown);
  const jobs = useJobs((state) => state.jobs);
  const strip = useRef<HTMLDivElement>(null);
  useEffect(() => {
    strip.current?.querySelector('[aria-pressed=true]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [shown]);
  if (!picture) return null;
  const own = Object.values(jobs)
    .filter((job) => job.inputs.picture?.[0]?.sha256 === picture.sha256 && !job.deleted_at && !isTool(job.capability))
    .sort((left, right) => left.created_at.localeCompare(right.created_at));
  const done = own.filter((job) => job.state === 'done');
  const live = own.filter(isLive);
  if (done.length + live.length === 0) return null;
  return (
    <div className="strip" ref={strip} role="group" aria-label={t('results.title')}>
      <button type="button" className="tile" aria-pressed={!shown} onClick={() => useStudio.setState({ shown: null })}>
        <img src={thumbnailUrl(picture, 128)} alt="" /><span className="tile-name">{t('results.original')}</span>
      </button>
      {done.flatMap((job) => job.outputs.filter((output) => output.name !== 'mask').map((output) => {
        const index = job.outputs.indexOf(output);
        const name = titleOf(capabilityOf(job.capability), of) || job.capability;
        return (
          <button key={`${job.id}-${index}`} type="button" className="tile" aria-pressed={shown?.job === job.id && shown.index === index} onClick={() => useStudio.setState({ shown: { job: job.id, index } })} onPointerEnter={() => void (new Image().src = displayUrl(output.file))}>
            <img src={thumbnailUrl(output.file, 128)} alt="" /><span className="tile-name">{name}</span>
          </button>
        );
      }))}
      {live.map((job) => <LiveTile key={job.id} job={job} />)}
    </div>
  );
}
