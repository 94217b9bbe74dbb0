/** The sheet of keyboard shortcuts. */
import { create } from 'zustand';
import { useWords, type TextKey } from '../language';
import { Dialog } from '../ui/controls';

export const useHelp = create<{ open: boolean }>(() => ({ open: false }));
export const openHelp = () => useHelp.setState({ open: true });

const SHEET: [TextKey, [string[], TextKey][]][] = [
  ['help.group.picture', [
    [['Space'], 'help.pan'], [['F'], 'canvas.fit'], [['Z'], 'canvas.actual'], [['+', '-'], 'help.wheel'], [['C'], 'canvas.compare'], [['\\'], 'help.hold'],
    [['Alt ←', 'Alt →'], 'action.back'], [['Ctrl V'], 'help.paste'], [['Ctrl O'], 'action.open'],
  ]],
  ['help.group.mask', [
    [['V'], 'tool.move'], [['B'], 'tool.brush'], [['E'], 'tool.eraser'], [['L'], 'tool.lasso'], [['M'], 'tool.rectangle'], [['[', ']'], 'help.brushSize'], [['Alt'], 'help.subtract'],
    [['I'], 'tool.invert'], [['Delete'], 'tool.clear'], [['Ctrl Z', 'Ctrl ⇧ Z'], 'action.undo'],
  ]],
  ['help.group.work', [
    [['1 – 9'], 'help.capability'], [['Ctrl ↵'], 'action.run'], [['Esc'], 'action.cancel'], [['D'], 'form.dice'], [['K'], 'results.use'], [['R'], 'results.recipe'], [['G'], 'nav.gallery'], [['Q'], 'nav.queue'], [['?'], 'help.sheet'],
  ]],
];

export function Help() {
  const { t } = useWords();
  const open = useHelp((state) => state.open);
  if (!open) return null;
  return (
    <Dialog wide title={t('help.title')} onClose={() => useHelp.setState({ open: false })}>
      <div className="help-sheet">
        {SHEET.map(([group, rows]) => (
          <section key={group}>
            <h3>{t(group)}</h3>
            <dl>
              {rows.map(([keys, text]) => <div key={text}><dt>{keys.map((key) => <kbd key={key}>{key}</kbd>)}</dt><dd>{t(text)}</dd></div>)}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
