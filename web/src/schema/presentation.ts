/**
 * Which fields of a form stand open and which wait under "More settings". A capability that is not listed shows its first
 * plain fields, so a new one needs nothing here.
 */
import { niceStep, type Field } from './fields';

const FIRST: Record<string, string[]> = {
  erase: ['engine', 'grow', 'feather', 'seed'],
  extend: ['ratio', 'anchor', 'left', 'right', 'top', 'bottom', 'fill', 'auto', 'seed'],
  restyle: ['style', 'strength', 'keep_structure', 'keep_colours', 'style_scale', 'mode', 'seed'],
  cutout: ['background', 'colour', 'blur', 'refine', 'shadow', 'feather', 'crop'],
  upscale: ['scale', 'model', 'denoise', 'keep_grain'],
  adjust: ['exposure', 'contrast', 'brightness', 'temperature', 'tint', 'saturation', 'vibrance', 'sharpen', 'denoise', 'rotate', 'edits'],
  edit: ['prompt', 'negative_prompt', 'model', 'strength', 'steps', 'guidance', 'variants', 'feather', 'seed'],
  reimagine: ['prompt', 'negative_prompt', 'model', 'strength', 'steps', 'guidance', 'variants', 'seed'],
};

/** Fields that are worked with in another way: by the mask tools, or not for people at all. */
const HIDDEN = /sha256$|^dump_/;

/** A field that only matters while another has a certain value. */
const ONLY_WHEN: Record<string, Record<string, (params: Record<string, unknown>) => boolean>> = {
  extend: { colour: (params) => params.fill === 'colour' },
  cutout: {
    colour: (params) => params.background === 'colour',
    blur: (params) => params.background === 'blur',
    margin: (params) => params.crop === true,
  },
  erase: { radius: (params) => params.engine === 'telea' || params.engine === 'navier-stokes' },
  restyle: { optimise: (params) => params.mode === 'optimise' },
};

/** What a hand wants from a slider where the whole range would be too coarse. */
const SOFT: Record<string, Record<string, [number, number]>> = {
  adjust: {
    exposure: [-3, 3], contrast: [-1, 1], brightness: [-0.5, 0.5], saturation: [-1, 1], sharpen: [0, 3], denoise: [0, 0.2], rotate: [-45, 45], blur: [0, 20],
  },
  cutout: { feather: [0, 16], shift: [-16, 16] },
  erase: { grow: [-32, 32], feather: [0, 32] },
};

function softened(capability: string, field: Field): Field {
  const soft = SOFT[capability]?.[field.name];
  return soft && field.kind === 'slider' ? { ...field, soft, step: field.integer ? 1 : niceStep(soft[0], soft[1]) } : field;
}

export interface Arrangement {
  first: Field[];
  more: Field[];
}

export function arranged(capability: string, fields: Field[], params: Record<string, unknown>): Arrangement {
  const shown = fields
    .filter((field) => !HIDDEN.test(field.name) && (ONLY_WHEN[capability]?.[field.name]?.(params) ?? true))
    .map((field) => softened(capability, field));
  const names = FIRST[capability] ?? shown.filter((field) => field.kind !== 'json' && field.kind !== 'group').slice(0, 7).map((field) => field.name);
  const first = names.flatMap((name) => shown.filter((field) => field.name === name));
  const revealed = shown.filter((field) => ONLY_WHEN[capability]?.[field.name] && !first.includes(field) && field.kind !== 'group');
  return { first: [...first, ...revealed], more: shown.filter((field) => !first.includes(field) && !revealed.includes(field)) };
}
