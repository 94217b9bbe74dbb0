import { describe, expect, it } from 'vitest';
import type { Schema } from '../src/api/types';
import { fieldsOf, niceStep, restOf, valuesOf, type Field } from '../src/schema/fields';
import { excludedBy, without } from '../src/schema/exclusive';
import { chosen, plainNumber, withValue } from '../src/schema/values';

const schema: Schema = {
  type: 'object',
  properties: {
    engine: { $ref: '#/$defs/Engine', description: 'How.', default: 'auto' },
    grow: { type: 'integer', minimum: -128, maximum: 128, default: 0 },
    edge: { type: ['number', 'null'], minimum: 0, maximum: 0.2, default: null },
    seed: { type: ['integer', 'null'], format: 'uint64', minimum: 0, default: null },
    colour: { type: 'string', default: '#ffffff' },
    left: { anyOf: [{ $ref: '#/$defs/Length' }, { type: 'null' }], default: null },
    invert: { type: 'boolean', default: false },
    edits: { type: 'array', items: { $ref: '#/$defs/Edit' }, default: [] },
    model: { $ref: '#/$defs/Model', default: 'auto' },
    working_size: { type: ['integer', 'null'], minimum: 64, maximum: 16384, default: null },
  },
  $defs: {
    Engine: { oneOf: [{ type: 'string', const: 'auto', description: 'Best of all.' }, { type: 'string', const: 'patch' }] },
    Length: { anyOf: [{ type: 'integer', minimum: 0 }, { type: 'string', pattern: '^[0-9.]+ ?(%|px)?$' }] },
    Model: { type: 'string', examples: ['auto', 'anime'] },
    Edit: {
      oneOf: [
        { type: 'object', required: ['edit', 'stops'], properties: { edit: { type: 'string', const: 'exposure' }, stops: { type: 'number', minimum: -10, maximum: 10 } } },
        { type: 'object', required: ['edit'], properties: { edit: { type: 'string', const: 'curves' }, points: { type: 'array', items: { type: 'array', items: { type: 'number' }, minItems: 2, maxItems: 2 } } } },
      ],
    },
  },
};

const fields = fieldsOf(schema);
const named = (name: string) => fields.find((field) => field.name === name)!;

describe('fieldsOf', () => {
  it('asks for every value in the way that fits it', () => {
    expect(Object.fromEntries(fields.map((field) => [field.name, field.kind]))).toEqual({
      engine: 'choice', grow: 'slider', edge: 'slider', seed: 'seed', colour: 'colour', left: 'length', invert: 'switch', edits: 'variants',
      model: 'text', working_size: 'number',
    });
  });

  it('takes null out of the alternatives and remembers it', () => {
    expect(fields.filter((field) => field.nullable).map((field) => field.name)).toEqual(['edge', 'seed', 'left', 'working_size']);
  });

  it('keeps the texts of choices and the kinds of steps', () => {
    expect(named('engine')).toMatchObject({ options: [{ value: 'auto', help: 'Best of all.' }, { value: 'patch', help: '' }] });
    const edits = named('edits') as Extract<Field, { kind: 'variants' }>;
    expect(edits.tagName).toBe('edit');
    expect(edits.variants.map((variant) => [variant.tag, ...variant.fields.map((field) => field.kind)])).toEqual([['exposure', 'slider'], ['curves', 'curve']]);
    expect(valuesOf(edits.variants[0]!.fields)).toEqual({ stops: 0 });
  });
});

describe('values', () => {
  it('holds only what differs from the defaults', () => {
    const changed = withValue({ grow: 3 }, named('invert'), true);
    expect(changed).toEqual({ grow: 3, invert: true });
    expect(withValue(changed, named('grow'), 0)).toEqual({ invert: true });
    expect(chosen(fields, { grow: 0, invert: true, edge: null }).map(([field]) => field.name)).toEqual(['invert']);
  });

  it('steps and rests where a hand expects it', () => {
    expect([niceStep(0, 1), niceStep(-10, 10), niceStep(0, 0.2), niceStep(0.25, 4)]).toEqual([0.01, 0.2, 0.002, 0.02]);
    expect([restOf({ min: -1, max: 1 }), restOf({ min: 0.25, max: 4 }), restOf({ min: 2, max: 9 })]).toEqual([0, 1, 2]);
    expect(plainNumber(0.1 + 0.2, 0.01)).toBe('0.3');
  });
});

describe('settings that exclude each other', () => {
  it('let go of the others, and only of them', () => {
    expect(excludedBy('extend', 'left')).toEqual({ params: ['ratio'], ports: [] });
    expect(excludedBy('restyle', 'style')).toEqual({ params: ['styles'], ports: ['style_image'] });
    expect(excludedBy('erase', 'grow')).toEqual({ params: [], ports: [] });
    expect(without({ ratio: '4:3', fill: 'patch' }, ['ratio'])).toEqual({ fill: 'patch' });
  });
});
