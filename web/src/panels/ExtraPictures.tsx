/** Further pictures that a capability takes, such as the picture whose style is wanted. */
import { thumbnailUrl } from '../api/client';
import type { Port } from '../api/types';
import { useTexts } from '../form/texts';
import { textIn, useWords } from '../language';
import { fieldLabel } from '../schema/labels';
import { addExtra } from '../state/files';
import { setExtras, useStudio } from '../state/studio';
import { FileButton, IconButton } from '../ui/controls';
import { Icon } from '../ui/Icon';

export function ExtraPictures({ port }: { port: Port }) {
  const { t, language } = useWords();
  const texts = useTexts();
  const files = useStudio((state) => state.extras[state.capability]?.[port.name]) ?? [];
  const many = port.arity === 'many';
  const label = fieldLabel(port.name, language);
  const help = typeof port.help === 'string' ? texts.help(['inputs', port.name], port.help) : textIn(language, port.help);
  const add = (chosen: File[]) => void chosen.reduce((before, file) => before.then(() => addExtra(port.name, file, many)), Promise.resolve());
  const drop = (event: React.DragEvent) => {
    const dropped = [...event.dataTransfer.files];
    if (dropped.length === 0) return;
    event.preventDefault();
    add(many ? dropped : dropped.slice(0, 1));
  };
  return (
    <section className="extra" aria-label={label} data-port={port.name} onDrop={drop}>
      <span className="field-label">{label}</span>
      <p className="choice-note">{help}</p>
      <div className="extra-files">
        {files.map((file, at) => (
          <div className="extra-file" key={`${file.sha256}-${at}`}>
            <img src={thumbnailUrl(file)} alt={file.name} title={file.name} />
            <IconButton className="tiny over" icon="close" size={14} label={`${t('action.remove')}: ${file.name}`} onClick={() => setExtras(port.name, files.filter((_, index) => index !== at))} />
          </div>
        ))}
        {(many || files.length === 0) && (
          <FileButton className="extra-add" multiple={many} onFiles={add}>
            <Icon name="plus" size={20} /><span className="visually-hidden">{`${t('form.addPicture')}: ${label}`}</span>
          </FileButton>
        )}
      </div>
    </section>
  );
}
