import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { arbitraryVersion } from '../../../test/properties/arbitraries/targeting.js';
import { compareVersions } from './compare-versions.js';
import { VERSION_PATTERN } from './vocabulary.js';

const slowOrder = (left: string, right: string): number => {
  const parts = (version: string) => [...version.split('.').map(Number), 0, 0, 0, 0, 0].slice(0, 6);
  const theirs = parts(right);
  return parts(left)
    .map((part, i) => Math.sign(part - theirs[i]!))
    .reduce((order, step) => order || step, 0);
};

describe('compareVersions', () => {
  it('agrees with a comparison of the split parts', () => {
    fc.assert(
      fc.property(arbitraryVersion, arbitraryVersion, (left, right) => {
        expect(compareVersions(left, right) + 0).toBe(slowOrder(left, right) + 0);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is a total order: antisymmetric and transitive', () => {
    fc.assert(
      fc.property(fc.tuple(arbitraryVersion, arbitraryVersion, arbitraryVersion), (versions) => {
        const [low, middle, high] = versions.toSorted(compareVersions) as [string, string, string];
        expect(compareVersions(low, middle)).toBeLessThanOrEqual(0);
        expect(compareVersions(middle, high)).toBeLessThanOrEqual(0);
        expect(compareVersions(low, high)).toBeLessThanOrEqual(0);
        expect(compareVersions(high, low)).toBe(0 - compareVersions(low, high));
      }),
    );
  });

  it('gives NaN exactly when a text is no version', () => {
    const texts = fc.oneof(
      arbitraryVersion,
      fc.string({ unit: fc.constantFrom('0', '1', '9', '.', '-', 'b'), maxLength: 14 }),
    );
    fc.assert(
      fc.property(texts, texts, (left, right) => {
        const areVersions = VERSION_PATTERN.test(left) && VERSION_PATTERN.test(right);
        expect(Number.isNaN(compareVersions(left, right))).toBe(!areVersions);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['4.0', '4.0.0', 0],
    ['4', '4.0.0.0.0.0', 0],
    ['4.9', '4.10', -1],
    ['4.10', '4.9.9', 1],
    ['10', '9.9', 1],
    ['4.01', '4.1', 0],
    ['4.0.0.0.0.1', '4', 1],
    ['999999999', '999999998.999999999', 1],
  ])('orders %s against %s as %d', (left, right, order) => {
    expect(compareVersions(left, right)).toBe(order);
  });

  it.each(['', '.', '4.', '.4', '4..0', 'v4', '4.0-beta', ' 4', '4\n', '1234567890', '1.2.3.4.5.6.7', '٤'])(
    'takes %j for no version, even where an earlier part differs',
    (text) => {
      expect(compareVersions(text, '9')).toBeNaN();
      expect(compareVersions('9', text)).toBeNaN();
    },
  );
});
