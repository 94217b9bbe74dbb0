/** What runs, what waits, and what just finished; the order is changed by dragging or with the arrows. */
import { useState } from 'react';
import { api, thumbnailUrl } from '../api/client';
import type { Job } from '../api/types';
import { useWords } from '../language';
import { withFieldNames } from '../language/fields';
import { durationText } from '../language/measures';
import { stepText } from '../language/steps';
import { titleOf } from '../panels/SettingsPanel';
import { capabilityOf, isTool } from '../state/catalogue';
import { act, isLive, isOver, previewOf, progressOf, useJobs } from '../state/jobs';
import { complain } from '../state/notices';
import { showResult } from '../state/studio';
import { IconButton } from '../ui/controls';

export function JobCard({ job, children, draggable = false, onDrop }: { job: Job; children?: React.ReactNode; draggable?: boolean; onDrop?: (dragged: string) => void }) {
  const { t, of, language } = useWords();
  const progress = useJobs((state) => progressOf(state, job));
  const preview = useJobs((state) => previewOf(state, job));
  const picture = job.outputs[0]?.file ?? Object.values(job.inputs).flat()[0];
  const title = titleOf(capabilityOf(job.capability), of) || job.capability;
  const eta = progress?.eta_seconds ? t('job.eta', { time: durationText(progress.eta_seconds, language) }) : '';
  const done = job.state === 'done';
  const image = picture && thumbnailUrl(picture, 128);
  const face = <>{image ? <img src={image} alt="" /> : <span className="job-blank" />}</>;
  return (
    <li
      className={`job ${job.state}`}
      draggable={draggable}
      onDragStart={(event) => event.dataTransfer.setData('text/danqing-job', job.id)}
      onDragOver={(event) => onDrop && event.preventDefault()}
      onDrop={(event) => {
        const dragged = event.dataTransfer.getData('text/danqing-job');
        if (!dragged || !onDrop) return;
        event.preventDefault();
        event.stopPropagation();
        onDrop(dragged);
      }}
    >
      {done ? <button type="button" className="job-face" aria-label={`${title}: ${job.inputs.picture?.[0]?.name ?? ''}`} onClick={() => showResult(job)}>{face}</button> : <span className="job-face">{face}</span>}
      <div className="job-text">
        <strong>{title}</strong>
        <span className="job-name">{job.title ?? job.inputs.picture?.[0]?.name ?? ''}</span>
        <span className={`job-state ${job.state}`}>
          {(job.state === 'running' && progress && stepText(progress.step, language)) || t(`job.${job.state}`)}
          {job.state === 'running' && progress ? ` · ${Math.round(progress.fraction * 100)} % ${eta && `· ${eta}`}` : ''}
        </span>
        {job.state === 'running' && <progress aria-label={t('job.progress', { title })} max={1} {...(progress ? { value: progress.fraction } : {})} />}
        {job.state === 'failed' && job.error && <span className="job-error">{withFieldNames(job.error.message, language)}{job.error.hint && <em>{withFieldNames(job.error.hint, language)}</em>}</span>}
      </div>
      <div className="job-actions">{children}</div>
      {preview && <img className="job-preview" src={preview} alt={t('job.preview', { title })} />}
    </li>
  );
}

export function QueuePanel() {
  const { t } = useWords();
  const { jobs, queue } = useJobs();
  const [pending, setPending] = useState(false);
  const of = (ids: string[]) => ids.map((id) => jobs[id]).filter((job): job is Job => Boolean(job));
  const running = of(queue.running).filter((job) => job.state === 'running');
  // Jobs may be heard of before the queue's new order is.
  const early = Object.values(jobs).filter((job) => isLive(job) && !queue.waiting.includes(job.id) && !running.includes(job));
  const waiting = [...of(queue.waiting), ...early].filter((job) => !running.includes(job) && isLive(job));
  const recent = Object.values(jobs).filter((job) => isOver(job) && !job.deleted_at && !isTool(job.capability)).sort((left, right) => (right.finished_at ?? right.created_at).localeCompare(left.finished_at ?? left.created_at)).slice(0, 12);
  const move = (id: string, before: string | null) => void api.move(id, before).catch(complain);
  const toggle = async () => {
    setPending(true);
    await api.pauseQueue(!queue.paused).then(() => useJobs.setState({ queue: { ...queue, paused: !queue.paused } })).catch(complain);
    setPending(false);
  };
  const cancel = (job: Job) => <IconButton className="tiny" icon="close" size={16} label={t('action.cancel')} onClick={() => void act(job.id, 'cancel')} />;
  return (
    <div className="panel-scroll">
      <header className="panel-head with-action">
        <h2>{t('nav.queue')}</h2>
        <IconButton icon={queue.paused ? 'play' : 'pause'} label={queue.paused ? t('queue.resumeAll') : t('queue.pauseAll')} disabled={pending} onClick={() => void toggle()} />
      </header>
      {queue.paused && <p className="notice-line">{t('queue.paused')}</p>}
      {running.length + waiting.length === 0 && <p className="empty">{t('queue.empty')}</p>}
      {running.length > 0 && (
        <section aria-label={t('queue.running')}>
          <h3>{t('queue.running')}</h3>
          <ul className="jobs">
            {running.map((job) => (
              <JobCard key={job.id} job={job}>
                <IconButton className="tiny" icon="pause" size={16} label={t('action.pause')} onClick={() => void act(job.id, 'pause')} />
                {cancel(job)}
              </JobCard>
            ))}
          </ul>
        </section>
      )}
      {waiting.length > 0 && (
        <section aria-label={t('queue.waiting')}>
          <h3>{t('queue.waiting')}</h3>
          <ul className="jobs">
            {waiting.map((job, at) => (
              <JobCard key={job.id} job={job} draggable onDrop={(dragged) => dragged !== job.id && move(dragged, job.id)}>
                <IconButton className="tiny" icon="up" size={16} label={t('action.up')} disabled={at === 0} onClick={() => move(job.id, waiting[at - 1]?.id ?? null)} />
                <IconButton className="tiny" icon="down" size={16} label={t('action.down')} disabled={at === waiting.length - 1} onClick={() => move(job.id, waiting[at + 2]?.id ?? null)} />
                {job.state === 'paused'
                  ? <IconButton className="tiny" icon="play" size={16} label={t('action.resume')} onClick={() => void act(job.id, 'resume')} />
                  : <IconButton className="tiny" icon="pause" size={16} label={t('action.pause')} onClick={() => void act(job.id, 'pause')} />}
                {cancel(job)}
              </JobCard>
            ))}
          </ul>
        </section>
      )}
      {recent.length > 0 && (
        <section aria-label={t('queue.recent')}>
          <h3>{t('queue.recent')}</h3>
          <ul className="jobs">
            {recent.map((job) => (
              <JobCard key={job.id} job={job}>
                {job.state !== 'done' && <IconButton className="tiny" icon="again" size={16} label={t('action.retry')} onClick={() => void act(job.id, 'retry')} />}
              </JobCard>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}
