/** What the studio can do: read once when the page opens. */
import { create } from 'zustand';
import { api } from '../api/client';
import type { Capability, Model, Preset, System, Walkthrough } from '../api/types';
import { fieldsOf, type Field } from '../schema/fields';

interface Catalogue {
  capabilities: Capability[];
  fields: Record<string, Field[]>;
  presets: Preset[];
  walkthroughs: Walkthrough[];
  models: Model[];
  system: System | undefined;
  ready: boolean;
}

export const useCatalogue = create<Catalogue>(() => ({
  capabilities: [], fields: {}, presets: [], walkthroughs: [], models: [], system: undefined, ready: false,
}));

/** The order in which people reach for things; capabilities that are not named come after, in the server's order. */
const ORDER = ['erase', 'extend', 'edit', 'restyle', 'adjust', 'upscale', 'cutout', 'blend', 'recolour', 'reimagine'];

/** Capabilities that the page uses as tools instead of offering them. */
const TOOLS = ['select'];

export async function loadCatalogue(): Promise<void> {
  const optional = <T,>(promise: Promise<T[]>) => promise.catch((): T[] => []);
  const [capabilities, presets, walkthroughs, models, system] = await Promise.all([
    api.capabilities(), optional(api.presets()), optional(api.walkthroughs()), optional(api.models()), api.system().catch(() => undefined),
  ]);
  const place = (id: string) => (ORDER.includes(id) ? ORDER.indexOf(id) : ORDER.length);
  capabilities.sort((left, right) => place(left.id) - place(right.id));
  const fields = Object.fromEntries(capabilities.map((one) => [one.id, fieldsOf(one.schema)]));
  useCatalogue.setState({ capabilities, fields, presets, walkthroughs, models, system, ready: true });
}

export const isTool = (id: string) => TOOLS.includes(id);

export function capabilityOf(id: string): Capability | undefined {
  return useCatalogue.getState().capabilities.find((one) => one.id === id);
}

export const maskPorts = (capability: Capability | undefined) => capability?.inputs.filter((port) => port.kind === 'mask') ?? [];

/** Pictures that a capability takes besides the one on the canvas. */
export const extraPorts = (capability: Capability | undefined) =>
  capability?.inputs.filter((port) => port.kind === 'picture' && port.name !== 'picture') ?? [];

export function takesPicture(capability: Capability | undefined): boolean {
  return capability?.inputs.some((port) => port.name === 'picture') ?? false;
}
