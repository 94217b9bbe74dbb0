/** Everything that was made: searched, filtered, kept on boards, deleted and brought back. */
import { useCallback, useEffect, useState } from 'react';
import { api, type JobFilter } from '../api/client';
import type { Board, Job } from '../api/types';
import { useWords } from '../language';
import { titleOf } from '../panels/SettingsPanel';
import { isTool, useCatalogue } from '../state/catalogue';
import { takeMany, useJobs } from '../state/jobs';
import { complain } from '../state/notices';
import { useStudio } from '../state/studio';
import { askText } from '../ui/AskDialog';
import { Menu } from '../ui/controls';
import { Icon } from '../ui/Icon';
import { GalleryCard } from './GalleryCard';

type Shelf = 'all' | 'favourites' | 'deleted';

/** Jobs that the server finds for a filter, page after page; live changes of a job show through the jobs store. */
function useFound(filter: JobFilter): { ids: string[]; more: (() => void) | undefined; loading: boolean } {
  const [ids, setIds] = useState<string[]>([]);
  const [next, setNext] = useState<string | null>(null);
  const [loading, setLoading] = useState(true);
  const key = JSON.stringify(filter);
  const load = useCallback(async (before?: string) => {
    const wanted = JSON.parse(key) as JobFilter;
    setLoading(true);
    try {
      const page = await api.jobs({ ...wanted, limit: 48, ...(before ? { before } : {}) });
      takeMany(page.jobs);
      setIds((old) => [...new Set([...(before ? old : []), ...page.jobs.map((job) => job.id)])]);
      setNext(page.next ?? null);
    } catch (error) {
      complain(error);
    } finally {
      setLoading(false);
    }
  }, [key]);
  // Typing in the search box asks once it rests.
  useEffect(() => {
    const timer = setTimeout(() => void load(), 200);
    return () => clearTimeout(timer);
  }, [load]);
  return { ids, more: next ? () => void load(next) : undefined, loading };
}

function matches(job: Job, shelf: Shelf, board: string | null): boolean {
  if (isTool(job.capability) || job.state !== 'done') return false;
  if (Boolean(job.deleted_at) !== (shelf === 'deleted')) return false;
  if (shelf === 'favourites' && !job.favourite) return false;
  return !board || job.board === board;
}

export function Gallery() {
  const { t, of } = useWords();
  const capabilities = useCatalogue((state) => state.capabilities);
  const days = useCatalogue((state) => state.system?.limits.deleted_days);
  const [shelf, setShelf] = useState<Shelf>('all');
  const [search, setSearch] = useState('');
  const [capability, setCapability] = useState('');
  const [board, setBoard] = useState<string | null>(null);
  const [boards, setBoards] = useState<Board[]>([]);
  const jobs = useJobs((state) => state.jobs);
  const { ids, more, loading } = useFound({
    state: 'done', search, capability, ...(board ? { board } : {}), favourite: shelf === 'favourites', deleted: shelf === 'deleted',
  });
  const reload = useCallback(() => void api.boards().then(setBoards).catch(() => undefined), []);
  useEffect(reload, [reload]);
  const found = new Set(ids);
  // Jobs that finish while the gallery is open appear by themselves, where no search hides them.
  const fresh = search || capability ? [] : Object.values(jobs).filter((job) => !found.has(job.id)).map((job) => job.id);
  const all = [...ids, ...fresh].map((id) => jobs[id]).filter((job): job is Job => Boolean(job) && matches(job!, shelf, board));
  all.sort((left, right) => right.created_at.localeCompare(left.created_at));

  const newBoard = async () => {
    const title = await askText(t('gallery.newBoard'));
    if (title) await api.createBoard(title).then(reload).catch(complain);
  };
  const renameBoard = async (one: Board) => {
    const title = await askText(t('gallery.renameBoard'), one.title);
    if (title) await api.renameBoard(one.id, title).then(reload).catch(complain);
  };
  const deleteBoard = async (one: Board) => {
    await api.deleteBoard(one.id).then(reload).catch(complain);
    setBoard(null);
  };
  const current = boards.find((one) => one.id === board);
  const shelves: [Shelf, string, string][] = [['all', t('gallery.all'), 'gallery'], ['favourites', t('gallery.favourites'), 'heart'], ['deleted', t('gallery.deleted'), 'trash']];
  return (
    <main className="gallery">
      <header className="gallery-head">
        <h1>{t('nav.gallery')}</h1>
        <label className="search">
          <Icon name="search" size={18} />
          <span className="visually-hidden">{t('gallery.search')}</span>
          <input type="search" value={search} placeholder={t('gallery.search')} onChange={(event) => setSearch(event.target.value)} />
        </label>
        <select className="select" aria-label={t('gallery.allKinds')} value={capability} onChange={(event) => setCapability(event.target.value)}>
          <option value="">{t('gallery.allKinds')}</option>
          {capabilities.filter((one) => !isTool(one.id)).map((one) => <option key={one.id} value={one.id}>{titleOf(one, of)}</option>)}
        </select>
      </header>
      <nav className="shelves" aria-label={t('gallery.boards')}>
        {shelves.map(([id, label, icon]) => (
          <button key={id} type="button" className="chip" aria-pressed={shelf === id && !board} onClick={() => (setShelf(id), setBoard(null))}><Icon name={icon} size={16} />{label}</button>
        ))}
        <span className="divider" />
        {boards.map((one) => (
          <button key={one.id} type="button" className="chip" aria-pressed={board === one.id} onClick={() => (setShelf('all'), setBoard(board === one.id ? null : one.id))}>{one.title}<em>{one.count}</em></button>
        ))}
        <button type="button" className="chip" onClick={() => void newBoard()}><Icon name="plus" size={16} />{t('gallery.newBoard')}</button>
        {current && (
          <Menu label={current.title} items={[
            { label: t('gallery.renameBoard'), icon: 'edit', onSelect: () => void renameBoard(current) },
            { label: t('gallery.deleteBoard'), icon: 'trash', danger: true, onSelect: () => void deleteBoard(current) },
          ]} />
        )}
      </nav>
      {shelf === 'deleted' && days !== undefined && <p className="notice-line">{t('gallery.deletedNote', { days })}</p>}
      {all.length === 0 && !loading && (
        <div className="gallery-empty">
          <p>{search || capability || shelf !== 'all' ? t('gallery.emptySearch') : t('gallery.empty')}</p>
          <button type="button" className="button" onClick={() => useStudio.setState({ view: 'start' })}>{t('start.title')}</button>
        </div>
      )}
      <ul className="gallery-grid">
        {all.map((job) => <GalleryCard key={job.id} job={job} boards={boards} onBoards={reload} />)}
      </ul>
      {more && <button type="button" className="button gallery-more" onClick={more}>{t('gallery.more')}</button>}
    </main>
  );
}
