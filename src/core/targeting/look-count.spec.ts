import { describe, expect, it } from '@jest/globals';
import type { Targeting } from './expression.js';
import { lookCount } from './look-count.js';

const segments: Targeting = { kind: 'segments', ids: ['auto.ev', 'auto.suv'], minWeight: 0 };
const country: Targeting = { kind: 'oneOf', field: 'country', values: ['KR', 'JP', 'US'] };
const color: Targeting = { kind: 'attributeIn', key: 'color', values: ['red'] };
const version: Targeting = { kind: 'version', field: 'osVersion', min: '1', max: null };
const adult: Targeting = { kind: 'age', min: 19, max: null };

describe('lookCount', () => {
  it.each<[string, Targeting, number]>([
    ['nothing but the empty root', { kind: 'all', of: [] }, 1],
    ['a list of segments and each of them', segments, 3],
    ['a list of values and each of them', country, 4],
    ['the values of an attribute', color, 2],
    ['a version as four', version, 4],
    ['any other predicate', adult, 1],
    ['a negation and what is negated', { kind: 'not', of: country }, 5],
    ['all parts of a tree', { kind: 'any', of: [adult, { kind: 'all', of: [segments, country] }] }, 10],
  ])('counts %s', (_what, targeting, looks) => {
    expect(lookCount(targeting)).toBe(looks);
  });
});
