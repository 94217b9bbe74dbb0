/** Short notices at the edge of the page: what happened, what to do, perhaps a button. */
import { create } from 'zustand';
import { ApiError } from '../api/client';
import { t } from '../language';

export interface Notice {
  id: number;
  tone: 'plain' | 'bad';
  message: string;
  hint?: string | undefined;
  detail?: string | undefined;
  action?: { label: string; run: () => void } | undefined;
}

interface Notices {
  notices: Notice[];
}

export const useNotices = create<Notices>(() => ({ notices: [] }));

let next = 1;

export function dismiss(id: number): void {
  useNotices.setState((state) => ({ notices: state.notices.filter((notice) => notice.id !== id) }));
}

export function tell(notice: Omit<Notice, 'id' | 'tone'> & { tone?: Notice['tone'] }): void {
  const id = next;
  next += 1;
  useNotices.setState((state) => ({ notices: [...state.notices.slice(-3), { tone: 'plain', ...notice, id }] }));
  // Errors stay until they were read; the rest goes by itself.
  if (notice.tone !== 'bad') setTimeout(() => dismiss(id), notice.action ? 8000 : 4000);
}

/** Shows what went wrong with what to do about it. */
export function complain(error: unknown): void {
  if (error instanceof ApiError) {
    if (error.status === 401) return;
    const { failure } = error;
    const unreachable = failure.code === 'unreachable';
    tell({
      tone: 'bad',
      message: unreachable ? t('error.unreachable') : failure.message,
      hint: unreachable ? t('error.unreachableHint') : failure.hint,
      detail: failure.request_id ? t('error.request', { id: failure.request_id }) : undefined,
    });
    return;
  }
  tell({ tone: 'bad', message: error instanceof Error ? error.message : String(error) });
}
