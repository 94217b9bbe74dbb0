/** What is on the table: the picture, what is shown over it, and the settings of every capability. */
import { create } from 'zustand';
import type { Encoding, Job, Params, StoredFile } from '../api/types';
import { excludedBy, without } from '../schema/exclusive';
import { keeper } from './keep';

export type View = 'start' | 'studio' | 'gallery';
export type Panel = 'settings' | 'layers' | 'queue';

export interface Shown {
  job: string;
  index: number;
}

export interface StudioState {
  view: View;
  panel: Panel;
  /** On a phone the panel can be folded away, so that the picture has the room. */
  collapsed: boolean;
  /** The picture that is worked on. */
  picture: StoredFile | null;
  /** Pictures worked on before and after it, as steps taken. */
  trail: StoredFile[];
  trailAt: number;
  /** The result that stands on the canvas instead of the picture. */
  shown: Shown | null;
  /** What results are compared with, when it is not the picture they were made from. */
  against: StoredFile | null;
  compare: boolean;
  capability: string;
  params: Record<string, Params>;
  /** Further pictures, by capability and port. */
  extras: Record<string, Record<string, StoredFile[]>>;
  encoding: Encoding;
  board: string | null;
  prompts: string[];
  /** Jobs that this page started: their results are shown when they are done. */
  mine: string[];
}

const KEPT: (keyof StudioState)[] = [
  'view', 'picture', 'trail', 'trailAt', 'shown', 'against', 'compare', 'capability', 'params', 'extras', 'encoding', 'board', 'prompts', 'mine',
];

const START: StudioState = {
  view: 'start', panel: 'settings', collapsed: false, picture: null, trail: [], trailAt: -1, shown: null, against: null, compare: true, capability: 'erase',
  params: {}, extras: {}, encoding: {}, board: null, prompts: [], mine: [],
};

const keeping = keeper<StudioState>('danqing.studio', KEPT);
export const useStudio = create<StudioState>(() => ({ ...START, ...keeping.kept() }));
useStudio.subscribe(keeping.keep);

const { setState, getState } = useStudio;

/** Puts a picture on the table as a new step. */
export function openPicture(picture: StoredFile, changes: Partial<StudioState> = {}): void {
  const { trail, trailAt } = getState();
  const past = trail.slice(Math.max(0, trailAt - 30), trailAt + 1);
  const steps = past.at(-1)?.sha256 === picture.sha256 ? past : [...past, picture];
  setState({ view: 'studio', picture, trail: steps, trailAt: steps.length - 1, shown: null, against: null, ...changes });
}

export function stepTrail(direction: -1 | 1): void {
  const { trail, trailAt } = getState();
  const picture = trail[trailAt + direction];
  if (picture) setState({ picture, trailAt: trailAt + direction, shown: null, against: null });
}

export function chooseCapability(capability: string): void {
  setState((state) => ({ capability, panel: 'settings', collapsed: false, view: state.view === 'gallery' ? 'studio' : state.view }));
}

export function paramsOf(state: StudioState, capability = state.capability): Params {
  return state.params[capability] ?? NOTHING;
}
const NOTHING: Params = {};

export function setParams(params: Params, capability = getState().capability): void {
  setState((state) => ({ params: { ...state.params, [capability]: params } }));
}

export function changeParams(change: (params: Params) => Params): void {
  const state = getState();
  setParams(change(paramsOf(state)));
}

/** Lets go of what cannot stand beside a setting or a port that was just chosen. */
export function makeRoomFor(name: string, capability = getState().capability): void {
  const { params, ports } = excludedBy(capability, name);
  if (params.length) setParams(without(paramsOf(getState(), capability), params), capability);
  for (const port of ports) if (getState().extras[capability]?.[port]?.length) setExtras(port, [], capability);
}

export function setExtras(port: string, files: StoredFile[], capability = getState().capability): void {
  setState((state) => ({
    extras: { ...state.extras, [capability]: { ...state.extras[capability], [port]: files } },
  }));
}

/** Shows a result; its own picture comes with it when another one is on the table. */
export function showResult(job: Job, index = 0): void {
  const made = job.inputs.picture?.[0];
  const { picture } = getState();
  if (made && made.sha256 !== picture?.sha256) openPicture(made);
  setState({ view: 'studio', shown: { job: job.id, index }, ...(made ? {} : { against: null }) });
  if (!made && !picture && job.outputs[index]) openPicture(job.outputs[index].file);
}

/** Settings of a job back into the form, its pictures on the table. */
export function loadJob(job: Pick<Job, 'capability' | 'params' | 'inputs'>, params: Params = job.params): void {
  const { picture, mask: _mask, ...others } = job.inputs;
  if (picture?.[0]) openPicture(picture[0]);
  setState((state) => ({
    view: 'studio', panel: 'settings', capability: job.capability, shown: null,
    params: { ...state.params, [job.capability]: params },
    extras: { ...state.extras, [job.capability]: others },
  }));
}

export function rememberPrompt(prompt: string): void {
  const text = prompt.trim();
  if (text) setState((state) => ({ prompts: [text, ...state.prompts.filter((one) => one !== text)].slice(0, 50) }));
}
