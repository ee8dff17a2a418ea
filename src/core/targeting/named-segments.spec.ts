import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { arbitraryTargeting } from '../../../test/properties/arbitraries/targeting.js';
import type { Targeting } from './expression.js';
import { formatTargeting } from './format-targeting.js';
import { positiveSegments, usesPersonalData } from './named-segments.js';
import { parseTargeting } from './parse-targeting.js';

function parsed(wire: unknown): Targeting {
  const result = parseTargeting(wire);
  if (!result.ok) throw new Error(JSON.stringify(result.errors));
  return result.targeting;
}

const not = (targeting: Targeting): Targeting => ({ kind: 'not', of: targeting });

describe('positiveSegments', () => {
  it('names, with those of the negated expression, every segment that occurs', () => {
    fc.assert(
      fc.property(arbitraryTargeting, (targeting) => {
        const result = parseTargeting(formatTargeting(targeting));
        const both = new Set([...positiveSegments(targeting), ...positiveSegments(not(targeting))]);
        expect(result).toMatchObject({ ok: true, references: { segments: expect.any(Array) } });
        if (result.ok) expect([...both].sort()).toEqual([...result.references.segments].sort());
      }),
    );
  });

  it('is the same under two more negations', () => {
    fc.assert(
      fc.property(arbitraryTargeting, (targeting) => {
        expect(positiveSegments(not(not(targeting)))).toEqual(positiveSegments(targeting));
      }),
    );
  });

  it('leaves out excluded segments and repetitions, and keeps the order of first occurrence', () => {
    const wire = {
      all: [
        { any: [{ segment: 'b' }, { segments: ['a', 'b'] }] },
        { not: { any: [{ segment: 'excluded' }, { not: { segment: 'c' } }] } },
        { not: { segment: 'a' } },
        { country: ['KR'] },
      ],
    };
    expect(positiveSegments(parsed(wire))).toEqual(['b', 'a', 'c']);
  });
});

describe('usesPersonalData', () => {
  it.each([
    { segment: 'a' },
    { segments: ['a', 'b'] },
    { age: { min: 20 } },
    { gender: ['female'] },
    { attribute: 'x', in: [1] },
    { attribute: 'x', min: 1 },
    { attribute: 'x', exists: false },
    { audience: 'aud_1' },
  ])('is true for %j, wherever it stands', (predicate) => {
    expect(usesPersonalData(parsed(predicate))).toBe(true);
    expect(usesPersonalData(parsed({ not: predicate }))).toBe(true);
    expect(usesPersonalData(parsed({ all: [{ country: ['KR'] }, { any: [{ os: ['ios'] }, predicate] }] }))).toBe(true);
  });

  it.each([
    {},
    { any: [] },
    { country: ['KR'] },
    { region: ['KR-11'] },
    { language: ['ko'] },
    { os: ['android'] },
    { osVersion: { min: '4' } },
    { appVersion: { min: '4' } },
    { carrier: ['SKT'] },
    { not: { all: [{ deviceType: ['phone'] }] } },
  ])('is false for %j', (wire) => {
    expect(usesPersonalData(parsed(wire))).toBe(false);
  });
});
