/** Notices at the lower edge; errors are announced at once. */
import { useWords } from '../language';
import { withFieldNames } from '../language/fields';
import { dismiss, useNotices } from '../state/notices';
import { IconButton } from '../ui/controls';
import { Icon } from '../ui/Icon';

export function Notices() {
  const { t, language } = useWords();
  const notices = useNotices((state) => state.notices);
  return (
    <div className="notices" aria-live="polite">
      {notices.map((notice) => (
        <div key={notice.id} className={`notice ${notice.tone}`} {...(notice.tone === 'bad' ? { role: 'alert' } : {})}>
          {notice.tone === 'bad' && <Icon name="warn" size={20} />}
          <div className="notice-text">
            <strong>{withFieldNames(notice.message, language)}</strong>
            {notice.hint && <span>{withFieldNames(notice.hint, language)}</span>}
            {notice.detail && <span className="notice-detail">{notice.detail}</span>}
          </div>
          {notice.action && (
            <button type="button" className="button quiet" onClick={() => (dismiss(notice.id), notice.action?.run())}>{notice.action.label}</button>
          )}
          <IconButton icon="close" size={16} label={t('toast.dismiss')} onClick={() => dismiss(notice.id)} />
        </div>
      ))}
    </div>
  );
}
