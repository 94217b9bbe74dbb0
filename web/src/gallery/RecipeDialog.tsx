/** A result with everything that made it: make it again, change it, or take it elsewhere as a command or JSON. */
import { useEffect, useState } from 'react';
import { create } from 'zustand';
import { api, displayUrl, fileUrl, thumbnailUrl } from '../api/client';
import type { Job, Recipe } from '../api/types';
import { useWords } from '../language';
import { withFieldNames } from '../language/fields';
import { momentText } from '../language/measures';
import { titleOf } from '../panels/SettingsPanel';
import { choiceLabel, fieldLabel, spelledOut } from '../schema/labels';
import { chosen } from '../schema/values';
import { capabilityOf, useCatalogue } from '../state/catalogue';
import { useJobs } from '../state/jobs';
import { complain, tell } from '../state/notices';
import { submit } from '../state/run';
import { loadJob, showResult, useStudio } from '../state/studio';
import { copyText } from '../ui/clipboard';
import { Dialog } from '../ui/controls';
import { Icon } from '../ui/Icon';

export const useRecipe = create<{ job: string | null }>(() => ({ job: null }));
export const openRecipe = (job: Job) => useRecipe.setState({ job: job.id });
const close = () => useRecipe.setState({ job: null });

function valueText(value: unknown, language: 'en' | 'zh'): string {
  if (typeof value === 'string') return choiceLabel(value, language) === spelledOut(value) ? value : choiceLabel(value, language);
  if (typeof value === 'boolean') return value ? '✓' : '–';
  if (typeof value === 'number') return String(Number(value.toFixed(4)));
  return JSON.stringify(value);
}

function Facts({ job }: { job: Job }) {
  const { t } = useWords();
  const facts = Object.entries(job.outputs[0]?.facts ?? {}).filter(([, value]) => typeof value !== 'object');
  if (facts.length === 0) return null;
  return (
    <section>
      <h3>{t('recipe.facts')}</h3>
      <dl className="recipe-values">
        {facts.map(([name, value]) => <div key={name}><dt>{spelledOut(name)}</dt><dd>{typeof value === 'number' ? Number(value.toPrecision(4)) : String(value)}</dd></div>)}
      </dl>
    </section>
  );
}

export function RecipeDialog() {
  const id = useRecipe((state) => state.job);
  const job = useJobs((state) => (id ? state.jobs[id] : undefined));
  return job ? <RecipeOf key={job.id} job={job} /> : null;
}

function RecipeOf({ job }: { job: Job }) {
  const { t, of, language } = useWords();
  const [recipe, setRecipe] = useState<Recipe>();
  const capability = capabilityOf(job.capability);
  const fields = useCatalogue((state) => state.fields[job.capability]) ?? [];
  useEffect(() => {
    api.recipe(job.id).then(setRecipe).catch(complain);
  }, [job.id]);
  const values = chosen(fields, { ...job.params, ...(job.resolved?.seed !== undefined ? { seed: job.resolved.seed } : {}) });
  const again = () => {
    if (!recipe) return;
    submit(recipe.request).then(() => tell({ message: t('run.started') })).catch(complain);
    useStudio.setState({ view: 'studio' });
    close();
  };
  const output = job.outputs[0]?.file;
  return (
    <Dialog wide title={`${t('recipe.title')} · ${titleOf(capability, of) || job.capability}`} onClose={close}>
      <div className="recipe">
        {output && <img className="recipe-picture" src={displayUrl(output)} alt={output.name} />}
        <div className="recipe-text">
          <p className="recipe-when">{momentText(job.created_at, language)}{output && ` · ${output.width} × ${output.height}`}</p>
          <div className="recipe-actions">
            <button type="button" className="button primary" disabled={!recipe} onClick={again}><Icon name="again" size={18} /><span>{t('recipe.again')}</span></button>
            <button type="button" className="button" onClick={() => (loadJob(job), close())}><Icon name="settings" size={18} /><span>{t('recipe.edit')}</span></button>
            {output && <button type="button" className="button" onClick={() => (showResult(job), close())}><Icon name="compare" size={18} /><span>{t('gallery.openStudio')}</span></button>}
            {output && <a className="button" href={fileUrl(output, output.name)} download={output.name}><Icon name="download" size={18} /><span>{t('action.download')}</span></a>}
          </div>
          <section>
            <h3>{t('recipe.inputs')}</h3>
            <div className="recipe-inputs">
              {Object.entries(job.inputs).flatMap(([port, files]) => files.map((file, at) => (
                <figure key={`${port}-${at}`}><img src={thumbnailUrl(file, 128)} alt="" /><figcaption>{fieldLabel(port, language)}<em title={file.name}>{file.name}</em></figcaption></figure>
              )))}
            </div>
          </section>
          <section>
            <h3>{t('recipe.settings')}</h3>
            {values.length === 0 ? <p className="choice-note">{t('recipe.defaults')}</p> : (
              <dl className="recipe-values">
                {values.map(([field, value]) => <div key={field.name}><dt>{fieldLabel(field.name, language)}</dt><dd>{valueText(value, language)}</dd></div>)}
              </dl>
            )}
          </section>
          {job.warnings.length > 0 && (
            <section>
              <h3>{t('recipe.warnings')}</h3>
              <ul className="recipe-warnings">{job.warnings.map((warning) => <li key={warning.code}>{withFieldNames(warning.message, language)}</li>)}</ul>
            </section>
          )}
          <Facts job={job} />
          {recipe && (
            <section>
              <h3>{t('recipe.command')}</h3>
              <pre className="recipe-command" tabIndex={0}>{recipe.command}</pre>
              <div className="recipe-actions">
                <button type="button" className="button" onClick={() => void copyText(recipe.command)}><Icon name="copy" size={18} /><span>{t('recipe.copyCommand')}</span></button>
                <button type="button" className="button" onClick={() => void copyText(JSON.stringify(recipe.request, null, 2))}><Icon name="copy" size={18} /><span>{t('recipe.copyJson')}</span></button>
              </div>
            </section>
          )}
        </div>
      </div>
    </Dialog>
  );
}
