/**
 * From a capability's JSON Schema to the fields of its form: what a value may be decides how it is asked for.
 * Nothing here knows a capability by name.
 */
import type { Schema } from '../api/types';

export interface Option {
  value: string;
  help: string;
}

export interface Variant {
  tag: string;
  help: string;
  fields: Field[];
}

export type Kind =
  | { kind: 'switch' }
  /** `soft` is the part of the range that a slider covers; typed numbers may go beyond it. */
  | { kind: 'slider'; min: number; max: number; step: number; integer: boolean; soft?: [number, number] }
  | { kind: 'number'; min: number | undefined; max: number | undefined; integer: boolean }
  | { kind: 'seed' }
  | { kind: 'choice'; options: Option[] }
  | { kind: 'colour' }
  | { kind: 'text'; examples: string[]; long: boolean }
  | { kind: 'length' }
  | { kind: 'group'; fields: Field[] }
  | { kind: 'variants'; tagName: string; variants: Variant[] }
  | { kind: 'rows'; fields: Field[] }
  | { kind: 'numbers' }
  | { kind: 'curve' }
  | { kind: 'words'; examples: string[] }
  | { kind: 'json' };

export type Field = Kind & {
  name: string;
  help: string;
  fallback: unknown;
  nullable: boolean;
  required: boolean;
};

type Definitions = Record<string, Schema>;

/** Follows `$ref`, keeping what stands beside it, and takes `null` out of the alternatives. */
function resolved(schema: Schema, definitions: Definitions): { schema: Schema; nullable: boolean } {
  let current = schema;
  let nullable = false;
  for (let depth = 0; depth < 8; depth += 1) {
    if (current.$ref) {
      const { $ref, ...beside } = current;
      current = { ...definitions[$ref.split('/').pop() ?? ''], ...beside };
      continue;
    }
    if (current.allOf?.length === 1) {
      const { allOf, ...beside } = current;
      current = { ...allOf[0], ...beside };
      continue;
    }
    const alternatives = current.anyOf;
    if (alternatives?.some((one) => one.type === 'null')) {
      nullable = true;
      const rest = alternatives.filter((one) => one.type !== 'null');
      const { anyOf: _, ...beside } = current;
      current = rest.length === 1 ? { ...rest[0], ...beside } : { ...beside, anyOf: rest };
      continue;
    }
    break;
  }
  if (Array.isArray(current.type) && current.type.includes('null')) {
    nullable = true;
    const rest = current.type.filter((name) => name !== 'null');
    current = { ...current, type: rest.length === 1 ? rest[0]! : rest };
  }
  return { schema: current, nullable };
}

/** A step that cuts a range into a hundred or more even parts, as people would choose it. */
export function niceStep(min: number, max: number): number {
  const raw = (max - min) / 100;
  const power = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5].map((factor) => factor * power).filter((step) => step <= raw * 1.0001).pop() ?? power;
}

function constants(alternatives: Schema[] | undefined): Option[] | undefined {
  if (!alternatives?.length || !alternatives.every((one) => typeof one.const === 'string' || one.enum)) return undefined;
  return alternatives.flatMap((one) =>
    typeof one.const === 'string'
      ? [{ value: one.const, help: one.description ?? '' }]
      : (one.enum ?? []).map((value) => ({ value: String(value), help: one.description ?? '' })),
  );
}

function tagOf(alternatives: Schema[]): string | undefined {
  const names = Object.keys(alternatives[0]?.properties ?? {});
  return names.find((name) => alternatives.every((one) => typeof one.properties?.[name]?.const === 'string'));
}

function kindOfList(schema: Schema, definitions: Definitions): Kind {
  const items = resolved(schema.items ?? {}, definitions).schema;
  const tag = items.oneOf && tagOf(items.oneOf);
  if (items.oneOf && tag) {
    const variants = items.oneOf.map((one) => ({
      tag: String(one.properties?.[tag]?.const),
      help: one.description ?? '',
      fields: fieldsOf(one, definitions).filter((field) => field.name !== tag),
    }));
    return { kind: 'variants', tagName: tag, variants };
  }
  if (items.type === 'object' && items.properties) return { kind: 'rows', fields: fieldsOf(items, definitions) };
  if (items.type === 'number' || items.type === 'integer') return { kind: 'numbers' };
  if (items.type === 'array' && items.minItems === 2 && items.maxItems === 2) return { kind: 'curve' };
  const text = items.type === 'string' ? items : items.anyOf?.find((one) => one.type === 'string');
  if (text) return { kind: 'words', examples: (text.examples ?? []).map(String) };
  return { kind: 'json' };
}

function kindOfNumber(name: string, schema: Schema): Kind {
  const integer = schema.type === 'integer';
  if (name === 'seed') return { kind: 'seed' };
  const { minimum: min, maximum: max } = schema;
  // A range that a hand can steer; wider ones are typed.
  if (min !== undefined && max !== undefined && max - min <= (integer ? 1000 : 1e4)) {
    const step = schema.multipleOf ?? (integer ? 1 : niceStep(min, max));
    return { kind: 'slider', min, max, step, integer };
  }
  return { kind: 'number', min, max, integer };
}

const LONG_TEXT = /prompt|text|caption/;
const COLOUR = /^#[0-9a-f]{6}$/i;

function kindOf(name: string, schema: Schema, definitions: Definitions): Kind {
  const options = constants(schema.oneOf) ?? (schema.enum && schema.enum.map((value) => ({ value: String(value), help: '' })));
  if (options) return { kind: 'choice', options };
  if (schema.anyOf?.some((one) => one.type === 'string' && one.pattern?.includes('%'))) return { kind: 'length' };
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  switch (type) {
    case 'boolean':
      return { kind: 'switch' };
    case 'integer':
    case 'number':
      return kindOfNumber(name, { ...schema, type });
    case 'string':
      if (typeof schema.default === 'string' && COLOUR.test(schema.default)) return { kind: 'colour' };
      return { kind: 'text', examples: (schema.examples ?? []).map(String), long: LONG_TEXT.test(name) };
    case 'array':
      return kindOfList(schema, definitions);
    case 'object':
      return schema.properties ? { kind: 'group', fields: fieldsOf(schema, definitions) } : { kind: 'json' };
    default:
      return { kind: 'json' };
  }
}

/** The fields of an object schema, in the order that the schema names them. */
export function fieldsOf(schema: Schema, definitions: Definitions = schema.$defs ?? {}): Field[] {
  return Object.entries(schema.properties ?? {}).map(([name, raw]) => {
    const { schema: inner, nullable } = resolved(raw, definitions);
    return {
      ...kindOf(name, inner, definitions),
      name,
      help: raw.description ?? inner.description ?? '',
      fallback: raw.default ?? inner.default ?? null,
      nullable,
      required: schema.required?.includes(name) ?? false,
    };
  });
}

/** What a field starts with when nothing is known: its default, else the calmest value of its range. */
export function startValue(field: Field): unknown {
  if (field.fallback !== null && field.fallback !== undefined) return field.fallback;
  if (field.nullable) return null;
  switch (field.kind) {
    case 'switch':
      return false;
    case 'slider':
      return restOf(field);
    case 'number':
      return field.min ?? 0;
    case 'choice':
      return field.options[0]?.value ?? '';
    case 'curve':
      return [[0, 0], [1, 1]];
    case 'group':
      return valuesOf(field.fields);
    case 'variants':
    case 'rows':
    case 'numbers':
    case 'words':
      return [];
    case 'json':
    case 'seed':
      return null;
    default:
      return '';
  }
}

/** Where a slider rests while nothing is chosen: zero if its range has it, else one, else its low end. */
export function restOf(field: { min: number; max: number }): number {
  return [0, 1].find((value) => value >= field.min && value <= field.max) ?? field.min;
}

/** A fresh object of these fields, as a new row of a list needs it. */
export function valuesOf(fields: Field[]): Record<string, unknown> {
  return Object.fromEntries(
    fields.map((field) => [field.name, startValue(field)] as const).filter(([, value]) => value !== null),
  );
}
