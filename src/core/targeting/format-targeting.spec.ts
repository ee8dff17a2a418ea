import { describe, expect, it } from '@jest/globals';
import { EVERYONE } from './expression.js';
import { formatTargeting } from './format-targeting.js';
import { parseTargeting } from './parse-targeting.js';

// That parsing gives the same expression again is a property in test/properties/targeting.spec.ts.
describe('formatTargeting', () => {
  it.each([
    [{ segments: ['a'] }, { segment: 'a' }],
    [{ segment: 'a', minWeight: 0 }, { segment: 'a' }],
    [
      { minWeight: 0.2, segments: ['a', 'b'] },
      { segments: ['a', 'b'], minWeight: 0.2 },
    ],
    [{ all: [] }, {}],
    [{ any: [] }, { any: [] }],
    [{ not: { all: [{ all: [] }] } }, { not: { all: [{}] } }],
    [{ age: { max: 29, min: 20 } }, { age: { min: 20, max: 29 } }],
    [{ age: { min: 0 } }, { age: { min: 0 } }],
    [{ osVersion: { max: '4.0' } }, { osVersion: { max: '4.0' } }],
    [{ carrier: ['SKT', 'KT'] }, { carrier: ['SKT', 'KT'] }],
    [
      { in: ['engineer', 1, false], attribute: 'x' },
      { attribute: 'x', in: ['engineer', 1, false] },
    ],
    [
      { max: 1, attribute: 'x', min: -0 },
      { attribute: 'x', min: 0, max: 1 },
    ],
    [
      { attribute: 'x', exists: false },
      { attribute: 'x', exists: false },
    ],
    [{ audience: 'aud_1' }, { audience: 'aud_1' }],
  ])('writes %j as %j', (wire, canonical) => {
    const result = parseTargeting(wire);
    expect(result.ok && JSON.stringify(formatTargeting(result.targeting))).toBe(JSON.stringify(canonical));
  });

  it('writes the expression that matches everyone as an empty object', () => {
    expect(formatTargeting(EVERYONE)).toEqual({});
  });

  it('shares no list with the expression', () => {
    const ids = ['a', 'b'];
    const wire = formatTargeting({ kind: 'segments', ids, minWeight: 0 }) as { segments: string[] };
    wire.segments.push('c');
    expect(ids).toEqual(['a', 'b']);
  });
});
