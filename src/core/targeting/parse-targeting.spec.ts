import { describe, expect, it } from '@jest/globals';
import type { FieldError } from '../field-error.js';
import { EVERYONE } from './expression.js';
import { parseTargeting } from './parse-targeting.js';
import {
  MAX_LIST_VALUES,
  MAX_TARGETING_DEPTH,
  MAX_TARGETING_ERRORS,
  MAX_TARGETING_NODES,
  MAX_TARGETING_VALUES,
} from './targeting-limits.js';

function errorsOf(input: unknown, path?: string): readonly FieldError[] {
  const result = parseTargeting(input, path === undefined ? {} : { path });
  return result.ok ? [] : result.errors;
}

const nested = (levels: number): unknown => {
  let tree: unknown = { segment: 'a' };
  for (let level = 1; level < levels; level++) tree = { not: tree };
  return tree;
};

describe('parseTargeting on good input', () => {
  it.each([undefined, null, {}, { all: [] }, Object.create(null)])('reads %p as everyone', (input) => {
    expect(parseTargeting(input)).toEqual({
      ok: true,
      targeting: EVERYONE,
      references: { segments: [], audiences: [] },
    });
  });

  it.each([
    [
      { segment: 'auto.ev', minWeight: 0.3 },
      { kind: 'segments', ids: ['auto.ev'], minWeight: 0.3 },
    ],
    [{ segments: ['auto.ev', 'auto.suv'] }, { kind: 'segments', ids: ['auto.ev', 'auto.suv'], minWeight: 0 }],
    [{ age: { min: 20, max: 29 } }, { kind: 'age', min: 20, max: 29 }],
    [{ age: { max: 150 } }, { kind: 'age', min: null, max: 150 }],
    [{ age: { min: 20, max: 20 } }, { kind: 'age', min: 20, max: 20 }],
    [{ carrier: ['LG U+'] }, { kind: 'oneOf', field: 'carrier', values: ['LG U+'] }],
    [{ osVersion: { min: '4.0', max: '4' } }, { kind: 'version', field: 'osVersion', min: '4.0', max: '4' }],
    [
      { attribute: '직업', in: ['의사', 1, true, ''] },
      { kind: 'attributeIn', key: '직업', values: ['의사', 1, true, ''] },
    ],
    [
      { attribute: 'score', max: -0.5 },
      { kind: 'attributeRange', key: 'score', min: null, max: -0.5 },
    ],
    [
      { attribute: 'x', min: -0 },
      { kind: 'attributeRange', key: 'x', min: 0, max: null },
    ],
    [
      { attribute: 'x', in: [-0] },
      { kind: 'attributeIn', key: 'x', values: [0] },
    ],
    [
      { attribute: 'x', exists: false },
      { kind: 'attributeExists', key: 'x', exists: false },
    ],
    [{ audience: 'aud_1' }, { kind: 'audience', id: 'aud_1' }],
    [{ not: {} }, { kind: 'not', of: EVERYONE }],
    [
      { segment: 'a', minWeight: undefined, any: undefined },
      { kind: 'segments', ids: ['a'], minWeight: 0 },
    ],
  ])('reads %j', (wire, targeting) => {
    const result = parseTargeting(wire);
    expect(result.ok && result.targeting).toEqual(targeting);
  });

  it('lists each segment and audience that is named once, in the order of first occurrence', () => {
    const wire = {
      any: [
        { segments: ['b', 'a'] },
        { not: { audience: 'aud_2' } },
        { segment: 'c' },
        { segment: 'a' },
        { audience: 'aud_1' },
      ],
    };
    expect(parseTargeting(wire)).toMatchObject({
      references: { segments: ['b', 'a', 'c'], audiences: ['aud_2', 'aud_1'] },
    });
  });

  it('reads an expression at each of its limits', () => {
    const ids = Array.from({ length: MAX_LIST_VALUES }, (_, i) => `s${i}`);
    const lists = Array(MAX_TARGETING_VALUES / MAX_LIST_VALUES).fill({ segments: ids });
    const wires = [
      { segments: ids },
      { any: lists },
      nested(MAX_TARGETING_DEPTH),
      { all: Array(MAX_TARGETING_NODES - 1).fill({}) },
    ];
    for (const wire of wires) expect(parseTargeting(wire)).toMatchObject({ ok: true });
  });
});

/** A prototype as after a prototype pollution: it hands down a key of the grammar. */
const INHERITED: object = Object.assign(Object.create(null) as object, { min: 20 });

describe('parseTargeting on wrong input', () => {
  it.each<[string, unknown, string, string]>([
    ['a list for an expression', [], 'targeting', 'must be an object with exactly one of all, any, not'],
    ['a text for an expression', 'everyone', 'targeting', 'not a string'],
    ['a map for an expression', new Map(), 'targeting', 'not an object'],
    ['a date for an expression', new Date(0), 'targeting', 'must be an object'],
    ['null inside', { not: null }, 'targeting.not', 'not null'],
    ['a hole in a list', { all: Array(1) }, 'targeting.all[0]', 'not nothing'],
    ['an object for a list of expressions', { all: {} }, 'targeting.all', 'must be an array of expressions'],
    ['a misspelt predicate', { gendr: ['female'] }, 'targeting.gendr', 'did you mean "gender"?'],
    ['an unknown predicate', { mood: ['good'] }, 'targeting.mood', 'exactly one of all, any, not, segment'],
    ['an odd unknown key', { 'a b\0': 1 }, 'targeting', 'unknown key "a b\\u0000"'],
    ['a long unknown key', { ['k'.repeat(9_999)]: 1 }, 'targeting', `unknown key "${'k'.repeat(40)}…"`],
    ['an own __proto__', JSON.parse('{"__proto__":{"all":[]}}'), 'targeting.__proto__', 'unknown key "__proto__"'],
    ['two predicates', { age: { min: 1 }, os: ['ios'] }, 'targeting', 'not both "age" and "os"'],
    ['segment with segments', { segment: 'a', segments: ['b'] }, 'targeting', 'not both "segment" and "segments"'],
    ['minWeight alone', { minWeight: 0.3 }, 'targeting', 'beside minWeight'],
    ['minWeight beside age', { age: { min: 1 }, minWeight: 1 }, 'targeting.minWeight', 'cannot stand beside "age"'],
    ['a capital in a segment id', { segment: 'Auto' }, 'targeting.segment', 'must be a segment id'],
    ['a number for a segment id', { segment: 7 }, 'targeting.segment', 'not a number'],
    ['no segments', { segments: [] }, 'targeting.segments', 'not an empty array'],
    ['a wrong id among others', { segments: ['a', '', 'b'] }, 'targeting.segments[1]', 'must be a segment id'],
    ['a weight above 1', { segment: 'a', minWeight: 1.01 }, 'targeting.minWeight', 'must be a number from 0 to 1'],
    ['a weight below 0', { segment: 'a', minWeight: -0.01 }, 'targeting.minWeight', 'must be a number from 0 to 1'],
    ['a weight that is no number', { segment: 'a', minWeight: NaN }, 'targeting.minWeight', 'from 0 to 1'],
    ['a weight as text', { segment: 'a', minWeight: '0.5' }, 'targeting.minWeight', 'not a string'],
    ['an age without ends', { age: {} }, 'targeting.age', 'must have "min", "max" or both'],
    [
      'an inherited end',
      { age: Object.create(INHERITED) as unknown },
      'targeting.age',
      'must have "min", "max" or both',
    ],
    ['an age as a list', { age: [20, 29] }, 'targeting.age', 'must be an object with "min", "max" or both'],
    ['half a year', { age: { min: 20.5 } }, 'targeting.age.min', 'must be a whole number from 0 to 150'],
    ['an age below 0', { age: { max: -1 } }, 'targeting.age.max', 'must be a whole number from 0 to 150'],
    ['an age above 150', { age: { max: 151 } }, 'targeting.age.max', 'must be a whole number from 0 to 150'],
    ['null for an end', { age: { min: 20, max: null } }, 'targeting.age.max', 'not null'],
    ['ends the wrong way round', { age: { min: 30, max: 29 } }, 'targeting.age.min', 'must not be above "max"'],
    ['an unknown end', { age: { from: 20 } }, 'targeting.age.from', 'allowed here are min, max'],
    ['an unknown key beside an end', { age: { min: 2, from: 2 } }, 'targeting.age.from', 'allowed here are min, max'],
    ['an unknown gender', { gender: ['f'] }, 'targeting.gender[0]', 'must be one of female, male, other'],
    ['a country outside a list', { country: 'KR' }, 'targeting.country', 'must be an array of 1 to 500 values'],
    ['a small country', { country: ['KR', 'kr'] }, 'targeting.country[1]', 'two capital letters'],
    ['a carrier with NUL', { carrier: ['S\0'] }, 'targeting.carrier[0]', 'without control characters'],
    ['a carrier with half a pair', { carrier: ['S\ud800'] }, 'targeting.carrier[0]', 'without control characters'],
    ['a version as a number', { osVersion: { min: 4 } }, 'targeting.osVersion.min', 'not a number'],
    ['a version with letters', { appVersion: { max: '4.0b' } }, 'targeting.appVersion.max', 'such as "4.0"'],
    ['versions the wrong way round', { osVersion: { min: '4.10', max: '4.9' } }, 'targeting.osVersion.min', '"max"'],
    ['an attribute alone', { attribute: 'x' }, 'targeting', 'must have exactly one of "in", "exists"'],
    ['an attribute in two ways', { attribute: 'x', in: [1], min: 1 }, 'targeting', 'exactly one of "in", "exists"'],
    ['an attribute in all ways', { attribute: 'x', in: [1], max: 1, exists: true }, 'targeting', 'exactly one of'],
    ['an attribute without a name', { attribute: '', exists: true }, 'targeting.attribute', 'the name of an attribute'],
    ['a dangerous name', { attribute: '__proto__', exists: true }, 'targeting.attribute', 'the name of an attribute'],
    ['a number for a name', { attribute: 1, min: 1 }, 'targeting.attribute', 'not a number'],
    ['a wrong name before a list', { attribute: null, in: [1] }, 'targeting.attribute', 'not null'],
    ['an object among values', { attribute: 'x', in: ['a', {}] }, 'targeting.in[1]', 'a number, true or false'],
    ['infinity among values', { attribute: 'x', in: [Infinity] }, 'targeting.in[0]', 'not a number out of range'],
    [
      'a long text among values',
      { attribute: 'x', in: ['a'.repeat(129)] },
      'targeting.in[0]',
      'at most 128 characters',
    ],
    ['a text as an end', { attribute: 'x', min: '1' }, 'targeting.min', 'must be a number, not a string'],
    ['ends of an attribute turned', { attribute: 'x', min: 1, max: 0 }, 'targeting.min', 'must not be above "max"'],
    ['exists as a text', { attribute: 'x', exists: 'yes' }, 'targeting.exists', 'must be true or false, not a string'],
    ['a foreign audience id', { audience: 'seg_1' }, 'targeting.audience', 'starts with "aud_"'],
    ['a deep place', { all: [{}, { not: { age: { min: 'x' } } }] }, 'targeting.all[1].not.age.min', 'whole number'],
  ])('reports %s', (_name, input, path, message) => {
    expect(errorsOf(input)).toEqual([{ path, message: expect.stringContaining(message) }]);
  });

  it('starts paths with the base path that it is given', () => {
    expect(errorsOf({ not: { segment: 1 } }, 'adGroups[2].targeting')).toMatchObject([
      { path: 'adGroups[2].targeting.not.segment' },
    ]);
  });

  it('reports several errors in the order of reading', () => {
    const wire = {
      all: [
        { age: { min: 'x', max: -1, to: 3 } },
        5,
        { segments: ['A', 'b'], minWeight: 2, in: [] },
        { country: ['KR'] },
      ],
    };
    expect(errorsOf(wire).map(({ path }) => path)).toEqual([
      'targeting.all[0].age.to',
      'targeting.all[0].age.min',
      'targeting.all[0].age.max',
      'targeting.all[1]',
      'targeting.all[2].in',
      'targeting.all[2].segments[0]',
      'targeting.all[2].minWeight',
    ]);
  });

  it('stops at the most errors that an answer holds', () => {
    const many = Array(MAX_TARGETING_NODES).fill(0);
    const keys = Object.fromEntries(many.map((_, i) => [`k${i}`, i]));
    const ages = Array<unknown>(20).fill({ age: { min: 'x', max: 'y' } });
    for (const wire of [
      { all: many },
      { all: [0, ...ages] },
      { all: [{ gender: many.slice(0, 400) }, {}] },
      keys,
      { not: { age: keys } },
    ]) {
      expect(errorsOf(wire)).toHaveLength(MAX_TARGETING_ERRORS);
    }
  });
});

describe('parseTargeting on hostile sizes', () => {
  it('refuses the first level that is too deep, however many follow', () => {
    for (const levels of [MAX_TARGETING_DEPTH + 1, 100_000]) {
      const path = `targeting${'.not'.repeat(MAX_TARGETING_DEPTH)}`;
      expect(errorsOf(nested(levels))).toEqual([{ path, message: expect.stringContaining('at most 32 levels') }]);
    }
  });

  it('visits nothing below the deepest level', () => {
    const visited = (): never => {
      throw new Error('visited');
    };
    let tree: unknown = new Proxy({}, { ownKeys: visited, getPrototypeOf: visited });
    for (let level = 0; level < MAX_TARGETING_DEPTH; level++) tree = { any: [tree] };
    expect(errorsOf(tree)).toMatchObject([{ path: `targeting${'.any[0]'.repeat(MAX_TARGETING_DEPTH)}` }]);
  });

  it('refuses the first node too many', () => {
    const wire = { any: [{ all: Array(MAX_TARGETING_NODES - 2).fill({ segment: 'a' }) }, {}, { segment: '' }] };
    expect(errorsOf(wire)).toEqual([
      { path: 'targeting.any[1]', message: 'is one node too many: an expression has at most 1000 nodes' },
    ]);
  });

  it('refuses a list with more expressions than nodes are allowed, without reading them', () => {
    expect(errorsOf({ all: Array(1_000_000).fill(0) })).toMatchObject([{ path: 'targeting.all' }]);
  });

  it('refuses the first list with which there are too many values in all, without reading on', () => {
    const full = Array<object>(MAX_TARGETING_VALUES / MAX_LIST_VALUES).fill({ os: Array(MAX_LIST_VALUES).fill('ios') });
    expect(errorsOf({ any: [...full, { os: ['ios'] }, { os: [7] }, 7] })).toEqual([
      {
        path: 'targeting.any[4].os',
        message: 'is too long: the lists of an expression have at most 2000 values in all',
      },
    ]);
  });

  it('refuses 10,000 nodes and 200 levels', () => {
    const wide = { all: Array.from({ length: 100 }, () => ({ any: Array(99).fill({ age: { min: 18 } }) })) };
    expect(errorsOf(wide)).toEqual([
      { path: 'targeting.all[9].any[98]', message: 'is one node too many: an expression has at most 1000 nodes' },
    ]);
    expect(errorsOf(nested(200))).toMatchObject([
      { message: 'is nested too deeply: an expression has at most 32 levels' },
    ]);
  });

  it('refuses a list with too many values, without reading them', () => {
    expect(errorsOf({ segments: Array(MAX_LIST_VALUES + 1).fill(0) })).toEqual([
      { path: 'targeting.segments', message: 'must be an array of 1 to 500 values, not one of 501' },
    ]);
    expect(errorsOf({ gender: new Array(4_294_967_295) })).toHaveLength(1);
  });
});
