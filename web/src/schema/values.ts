/** Parameters as the page holds them: only what differs from the schema's defaults, so that defaults live in one place. */
import type { Params } from '../api/types';
import type { Field } from './fields';

export function same(left: unknown, right: unknown): boolean {
  return JSON.stringify(left ?? null) === JSON.stringify(right ?? null);
}

export function valueOf(field: Field, params: Params): unknown {
  return field.name in params ? params[field.name] : field.fallback;
}

/** `params` with one value changed; a value equal to the default is left out. */
export function withValue(params: Params, field: Field, value: unknown): Params {
  const { [field.name]: _, ...rest } = params;
  return same(value, field.fallback) ? rest : { ...rest, [field.name]: value };
}

/** What is worth showing of a job's parameters: everything that is not a default, and the seed that was drawn. */
export function chosen(fields: Field[], params: Params): [Field, unknown][] {
  return fields
    .map((field): [Field, unknown] => [field, params[field.name]])
    .filter(([field, value]) => value !== undefined && value !== null && !same(value, field.fallback));
}

/** A number as people read it: no trailing noise of binary fractions. */
export function plainNumber(value: number, step = 0.001): string {
  const digits = Math.max(0, Math.min(6, -Math.floor(Math.log10(step) + 1e-9)));
  return String(Number(value.toFixed(digits)));
}
