/** Settings of which only one can decide: choosing one lets go of the others. */
import type { Params } from '../api/types';

interface Group {
  params: string[];
  ports: string[];
}

const GROUPS: Record<string, Group[]> = {
  extend: [{ params: ['ratio'], ports: [] }, { params: ['left', 'right', 'top', 'bottom'], ports: [] }],
  restyle: [{ params: ['style'], ports: [] }, { params: ['styles'], ports: [] }, { params: [], ports: ['style_image'] }],
};

/** What has to go when `name` (a parameter or a port) is set. */
export function excludedBy(capability: string, name: string): Group {
  const groups = GROUPS[capability] ?? [];
  const own = groups.find((group) => group.params.includes(name) || group.ports.includes(name));
  const others = own ? groups.filter((group) => group !== own) : [];
  return { params: others.flatMap((group) => group.params), ports: others.flatMap((group) => group.ports) };
}

export function without(params: Params, names: string[]): Params {
  return Object.fromEntries(Object.entries(params).filter(([name]) => !names.includes(name)));
}
