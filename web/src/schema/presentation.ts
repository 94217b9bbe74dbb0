/**
 * Which fields of a form stand open and which wait under "More settings". A capability that is not listed shows its first
 * plain fields, so a new one needs nothing here.
 */
import type { Field } from './fields';

const FIRST: Record<string, string[]> = {
  erase: ['engine', 'grow', 'feather', 'seed'],
  extend: ['ratio', 'anchor', 'left', 'right', 'top', 'bottom', 'fill', 'auto', 'seed'],
  restyle: ['style', 'strength', 'keep_structure', 'keep_colours', 'style_scale', 'mode', 'seed'],
  cutout: ['background', 'colour', 'blur', 'refine', 'shadow', 'feather', 'crop'],
  upscale: ['scale', 'model', 'denoise', 'keep_grain'],
  adjust: ['exposure', 'contrast', 'brightness', 'temperature', 'tint', 'saturation', 'vibrance', 'sharpen', 'denoise', 'rotate', 'edits'],
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

export interface Arrangement {
  first: Field[];
  more: Field[];
}

export function arranged(capability: string, fields: Field[], params: Record<string, unknown>): Arrangement {
  const shown = fields.filter(
    (field) => !HIDDEN.test(field.name) && (ONLY_WHEN[capability]?.[field.name]?.(params) ?? true),
  );
  const names = FIRST[capability] ?? shown.filter((field) => field.kind !== 'json' && field.kind !== 'group').slice(0, 7).map((field) => field.name);
  const first = names.flatMap((name) => shown.filter((field) => field.name === name));
  const revealed = shown.filter((field) => ONLY_WHEN[capability]?.[field.name] && !first.includes(field) && field.kind !== 'group');
  return { first: [...first, ...revealed], more: shown.filter((field) => !first.includes(field) && !revealed.includes(field)) };
}
