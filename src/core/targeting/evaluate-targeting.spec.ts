import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { arbitraryPredicate } from '../../../test/properties/arbitraries/targeting.js';
import { matches } from './evaluate-targeting.js';
import { EVERYONE } from './expression.js';
import type { Targeting } from './expression.js';
import type { Subject } from './subject.js';

const STRANGER: Subject = {
  interests: new Map(),
  age: null,
  gender: null,
  country: null,
  region: null,
  language: null,
  os: null,
  osVersion: null,
  appVersion: null,
  carrier: null,
  deviceType: null,
  attributes: new Map(),
  audiences: new Set(),
};

// Examples of each predicate are in test/vectors/targeting.json, the laws in test/properties/targeting.spec.ts.
describe('matches', () => {
  it('is false for every predicate on an unknown subject, except that an attribute does not exist', () => {
    fc.assert(
      fc.property(arbitraryPredicate, (predicate) => {
        const asksForAbsence = predicate.kind === 'attributeExists' && !predicate.exists;
        expect(matches(predicate, STRANGER)).toBe(asksForAbsence);
        expect(matches({ kind: 'not', of: predicate }, STRANGER)).toBe(!asksForAbsence);
      }),
    );
  });

  it('matches everyone by an empty "all" and no one by an empty "any"', () => {
    expect(matches(EVERYONE, STRANGER)).toBe(true);
    expect(matches({ kind: 'any', of: [] }, STRANGER)).toBe(false);
  });

  it('takes a version text that is no version for unknown', () => {
    const subject: Subject = { ...STRANGER, osVersion: '4.0-beta' };
    const atLeast: Targeting = { kind: 'version', field: 'osVersion', min: '4.0', max: null };
    const atMost: Targeting = { kind: 'version', field: 'osVersion', min: null, max: '9' };
    expect(matches(atLeast, subject)).toBe(false);
    expect(matches(atMost, subject)).toBe(false);
    expect(matches({ kind: 'not', of: atMost }, subject)).toBe(true);
  });

  it('never reads an inherited property as an attribute or an interest', () => {
    expect(matches({ kind: 'attributeExists', key: 'constructor', exists: true }, STRANGER)).toBe(false);
    expect(matches({ kind: 'segments', ids: ['constructor'], minWeight: 0 }, STRANGER)).toBe(false);
  });
});
