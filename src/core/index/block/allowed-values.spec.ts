import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Targeting } from '../../targeting/expression.js';
import { allowedValues, allows } from './allowed-values.js';

/** The last is named by no expression. */
const COUNTRIES = ['KR', 'JP', 'US', 'DE', 'FR'];
const NAMED = COUNTRIES.slice(0, -1);

const countries = (values: readonly string[]): Targeting => ({ kind: 'oneOf', field: 'country', values });

const { expression } = fc.letrec<{ expression: Targeting; of: Targeting[] }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.subarray(NAMED, { minLength: 1 }).map(countries),
    fc.constant<Targeting>({ kind: 'oneOf', field: 'os', values: ['ios'] }),
    tie('expression').map((of) => ({ kind: 'not', of }) as const),
    tie('of').map((of) => ({ kind: 'all', of }) as const),
    tie('of').map((of) => ({ kind: 'any', of }) as const),
  ),
  of: fc.array(tie('expression'), { maxLength: 4 }),
}));

/** Whether it can come out as `wanted` for someone from this country (null: unknown). */
function canBe(wanted: boolean, targeting: Targeting, country: string | null): boolean {
  switch (targeting.kind) {
    case 'not':
      return canBe(!wanted, targeting.of, country);
    case 'all':
    case 'any': {
      const can = (part: Targeting): boolean => canBe(wanted, part, country);
      return (targeting.kind === 'all') === wanted ? targeting.of.every(can) : targeting.of.some(can);
    }
    case 'oneOf':
      if (targeting.field === 'country') return (country !== null && targeting.values.includes(country)) === wanted;
      return true;
    default:
      return true;
  }
}

/** How many times a set is asked or changed while `work` is done. */
function stepsOf(work: () => void): number {
  const own = Object.getOwnPropertyDescriptors(Set.prototype);
  let steps = 0;
  for (const name of ['add', 'has', 'delete'] as const) {
    const method = own[name].value as (this: Set<unknown>, value: unknown) => unknown;
    Reflect.set(Set.prototype, name, function (this: Set<unknown>, value: unknown) {
      steps++;
      return method.call(this, value);
    });
  }
  try {
    work();
  } finally {
    Object.defineProperties(Set.prototype, own);
  }
  return steps;
}

describe('the allowed values of a field', () => {
  it('are those for which the expression can be true', () => {
    fc.assert(
      fc.property(expression, (targeting) => {
        const allowed = allowedValues('country', targeting);
        const isAllowed = (country: string | null): boolean =>
          allowed === null || (country === null ? allowed.unknown : allows(allowed, country));
        for (const country of [...COUNTRIES, null]) {
          expect([country, isAllowed(country)]).toEqual([country, canBe(true, targeting, country)]);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  const PARTS = 999;
  const VALUES = 3;
  const values = (part: number): string[] => Array.from({ length: VALUES }, (_, i) => `c${part * VALUES + i}`);
  const parts = Array.from({ length: PARTS }, (_, part) => countries(values(part)));
  const all: Targeting = { kind: 'all', of: parts };
  const any: Targeting = { kind: 'any', of: parts };
  const not = (of: Targeting): Targeting => ({ kind: 'not', of });

  it.each<[string, Targeting]>([
    ['any', any],
    ['all', all],
    ['not any', not(any)],
    ['not all', not(all)],
    ['all not', { kind: 'all', of: parts.map(not) }],
    ['any not', { kind: 'any', of: parts.map(not) }],
    ['all of one and not of others', { kind: 'all', of: [any, ...parts.slice(1, 400).map(not)] }],
    [
      'one after the other, nested',
      parts.slice(0, 30).reduce((of, part) => ({ kind: 'all', of: [part, not(of)] }), any),
    ],
    ['any of one and not of others', { kind: 'any', of: [not(any), ...parts.slice(1, 400)] }],
  ])('cost three steps at most for each that is named (%s)', (_, targeting) => {
    expect(stepsOf(() => allowedValues('country', targeting))).toBeLessThanOrEqual(3 * PARTS * VALUES);
  });
});
