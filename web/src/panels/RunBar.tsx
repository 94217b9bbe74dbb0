/** Run and cancel, with the progress of what runs now. */
import { useWords } from '../language';
import { durationText } from '../language/measures';
import { stepText } from '../language/steps';
import { act, isLive, progressOf, useJobs } from '../state/jobs';
import { runNow } from '../state/run';
import { useStudio } from '../state/studio';
import { Icon } from '../ui/Icon';

export function RunBar({ disabled, title }: { disabled: boolean; title: string }) {
  const { t, language } = useWords();
  const mine = useStudio((state) => state.mine);
  const job = useJobs((state) => mine.map((id) => state.jobs[id]).find((one) => one && one.state === 'running') ?? mine.map((id) => state.jobs[id]).find((one) => one && isLive(one)));
  const progress = useJobs((state) => job && progressOf(state, job));
  return (
    <footer className="run-bar">
      {job && (
        <div className="run-state" role="status">
          <span className="run-text">
            {(job.state === 'running' && progress && stepText(progress.step, language)) || t(`job.${job.state}`)}
            {progress && job.state === 'running' && ` · ${Math.round(progress.fraction * 100)} %`}
            {progress?.eta_seconds ? ` · ${t('job.eta', { time: durationText(progress.eta_seconds, language) })}` : ''}
          </span>
          <button type="button" className="button quiet" onClick={() => void act(job.id, 'cancel')}>{t('action.cancel')}</button>
          <progress aria-label={t('job.progress', { title })} max={1} {...(job.state === 'running' && !progress ? {} : { value: progress?.fraction ?? 0 })} />
        </div>
      )}
      <button type="button" className="button primary run" disabled={disabled} onClick={() => void runNow()} title={t('run.hint')}>
        <Icon name="play" size={18} />
        <span>{disabled ? t('form.noPicture') : title}</span>
        <kbd aria-hidden="true">⌃↵</kbd>
      </button>
    </footer>
  );
}
