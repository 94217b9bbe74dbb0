/** The form of the chosen capability, drawn from its schema, and the button that runs it. */
import { useMemo, useState } from 'react';
import type { Capability } from '../api/types';
import { isFramed } from '../canvas/ExtendFrame';
import { FieldRow } from '../form/FieldRow';
import { TextsContext } from '../form/texts';
import { useWords } from '../language';
import { arranged } from '../schema/presentation';
import { same, valueOf, withValue } from '../schema/values';
import { extraPorts, takesPicture, useCatalogue } from '../state/catalogue';
import { changeParams, makeRoomFor, paramsOf, setParams, useStudio } from '../state/studio';
import { Icon } from '../ui/Icon';
import { EncodingFields } from './EncodingFields';
import { ExtraPictures } from './ExtraPictures';
import { MissingModel } from './MissingModel';
import { Presets } from './Presets';
import { RunBar } from './RunBar';

export function titleOf(capability: Capability | undefined, of: (texts: Capability['title']) => string): string {
  return capability ? of(capability.title) || capability.id.charAt(0).toUpperCase() + capability.id.slice(1) : '';
}

export function SettingsPanel() {
  const { t, of } = useWords();
  const id = useStudio((state) => state.capability);
  const capability = useCatalogue((state) => state.capabilities.find((one) => one.id === id));
  const fields = useCatalogue((state) => state.fields[id]);
  const params = useStudio((state) => paramsOf(state, id));
  const hasPicture = useStudio((state) => state.picture !== null);
  const { first, more } = useMemo(() => arranged(id, fields ?? [], params), [id, fields, params]);
  const [open, setOpen] = useState(false);
  if (!capability) return null;
  const row = (field: (typeof first)[number]) => (
    <FieldRow
      key={`${id}.${field.name}`}
      field={field}
      path={[]}
      value={valueOf(field, params)}
      onChange={(value) => {
        if (!same(value, field.fallback)) makeRoomFor(field.name);
        changeParams((now) => withValue(now, field, value));
        // What the canvas can show at once is shown on the picture itself.
        if (id === 'adjust' || isFramed(capability)) useStudio.setState({ shown: null });
      }}
    />
  );
  const needsPicture = takesPicture(capability) && !hasPicture && capability.inputs[0]?.arity === 'one';
  return (
    <TextsContext.Provider value={capability.texts ?? {}}>
      <div className="panel-scroll" key={id}>
        <header className="panel-head">
          <h2>{titleOf(capability, of)}</h2>
          <p>{of(capability.summary)}</p>
        </header>
        <MissingModel capability={capability} />
        {extraPorts(capability).map((port) => <ExtraPictures key={port.name} port={port} />)}
        <Presets capability={id} />
        <div className="fields">{first.map(row)}</div>
        {more.length > 0 && (
          <details className="more" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
            <summary><Icon name="chevron" size={16} />{t('form.more')}<span className="count">{more.length}</span></summary>
            {open && <div className="fields">{more.map(row)}</div>}
          </details>
        )}
        <EncodingFields />
        {Object.keys(params).length > 0 && (
          <button type="button" className="button quiet reset-all" onClick={() => setParams({}, id)}>
            <Icon name="reset" size={16} /><span>{t('form.resetAll')}</span>
          </button>
        )}
      </div>
      <RunBar disabled={needsPicture} title={titleOf(capability, of)} />
    </TextsContext.Provider>
  );
}
