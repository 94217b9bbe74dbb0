/** One work in the gallery: opened by a click, the rest in its corner. */
import { api, fileUrl, thumbnailUrl } from '../api/client';
import type { Board, Job } from '../api/types';
import { useWords } from '../language';
import { titleOf } from '../panels/SettingsPanel';
import { capabilityOf } from '../state/catalogue';
import { act, change, take, useJobs } from '../state/jobs';
import { complain, tell } from '../state/notices';
import { showResult } from '../state/studio';
import { t as word } from '../language';
import { IconButton, Menu, type MenuItem } from '../ui/controls';
import { openRecipe } from './RecipeDialog';

/** Deletes softly: the notice brings it back. */
export async function removeJob(job: Job): Promise<void> {
  try {
    await api.remove(job.id);
    take({ ...(useJobs.getState().jobs[job.id] ?? job), deleted_at: new Date().toISOString() });
    tell({ message: word('gallery.deletedToast'), action: { label: word('action.undo'), run: () => void act(job.id, 'restore') } });
  } catch (error) {
    complain(error);
  }
}

export function GalleryCard({ job, boards, onBoards }: { job: Job; boards: Board[]; onBoards: () => void }) {
  const { t, of } = useWords();
  const output = job.outputs[0]?.file;
  if (!output) return null;
  const title = titleOf(capabilityOf(job.capability), of) || job.capability;
  const name = job.title ?? job.inputs.picture?.[0]?.name ?? output.name;
  const toBoard = (board: string | null) => void change(job.id, { board }).then(onBoards);
  const items: MenuItem[] = job.deleted_at ? [{ label: t('action.restore'), icon: 'undo', onSelect: () => void act(job.id, 'restore') }] : [
    { label: t('results.recipe'), icon: 'recipe', onSelect: () => openRecipe(job) },
    { label: t('action.download'), icon: 'download', onSelect: () => location.assign(fileUrl(output, output.name)) },
    ...boards.filter((board) => board.id !== job.board).map((board) => ({ label: `→ ${board.title}`, icon: 'gallery', onSelect: () => toBoard(board.id) })),
    ...(job.board ? [{ label: t('gallery.noBoard'), icon: 'close', onSelect: () => toBoard(null) }] : []),
    { label: t('action.delete'), icon: 'trash', danger: true, onSelect: () => void removeJob(job) },
  ];
  return (
    <li className="card" style={{ '--aspect': Math.min(3, Math.max(0.4, output.width / output.height)) } as React.CSSProperties}>
      <button type="button" className="card-picture" aria-label={`${t('gallery.openStudio')}: ${title}, ${name}`} onClick={() => showResult(job)}>
        <img src={thumbnailUrl(output, 512)} alt="" loading="lazy" width={output.width} height={output.height} />
      </button>
      <div className="card-text">
        <span className="card-title">{title}</span>
        <span className="card-name" title={name}>{name}</span>
      </div>
      <div className="card-actions">
        {!job.deleted_at && <IconButton icon="heart" size={18} className={job.favourite ? 'favourite' : ''} pressed={job.favourite} label={job.favourite ? t('results.unfavourite') : t('results.favourite')} onClick={() => void change(job.id, { favourite: !job.favourite })} />}
        <Menu label={`${t('action.more')}: ${title}`} items={items} />
      </div>
    </li>
  );
}
