/**
 * Arbitrary targeting expressions and subjects. Both draw mostly from the same few values, so that predicates are true
 * about as often as false; now and then a value is any that the vocabulary allows. All expressions keep the parser's
 * limits and hold no minus zero, which JSON cannot tell from zero.
 */
import fc from 'fast-check';
import { ONE_OF_FIELDS, VERSION_FIELDS } from '../../../src/core/targeting/expression.js';
import type { AttributeValue, OneOfField, Predicate, Targeting } from '../../../src/core/targeting/expression.js';
import type { Subject } from '../../../src/core/targeting/subject.js';
import {
  ATTRIBUTE_KEY_PATTERN,
  ATTRIBUTE_TEXT_PATTERN,
  CARRIER_PATTERN,
} from '../../../src/core/targeting/vocabulary.js';

const mostly = <T>(common: readonly T[], rare: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ arbitrary: fc.constantFrom(...common), weight: 5 }, { arbitrary: rare, weight: 1 });

const text = (pattern: RegExp): fc.Arbitrary<string> =>
  fc.string({ unit: 'binary', maxLength: 40 }).filter((value) => pattern.test(value));

const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);

export const arbitrarySegmentId = mostly(
  ['auto.ev', 'auto.suv', 'food', 'travel.asia', 'k-pop'],
  fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,63}$/),
);
export const arbitraryWeight = mostly(
  [0.1, 0.3, 0.5, 1],
  fc.double({ min: 0, max: 1, noNaN: true }).map((w) => w + 0),
);
export const arbitraryAge = mostly([18, 19, 20, 29, 30], fc.nat(150));
export const arbitraryVersion = mostly(
  ['4', '4.0', '4.0.0', '4.0.3', '4.9', '4.10', '10'],
  fc.stringMatching(/^\d{1,9}(\.\d{1,9}){0,5}$/),
);
export const arbitraryAudienceId = mostly(['aud_1', 'aud_2', 'aud_3'], fc.stringMatching(/^aud_[A-Za-z0-9_-]{1,30}$/));
export const arbitraryAttributeKey = mostly(['occupation', 'score', '직업'], text(ATTRIBUTE_KEY_PATTERN));
export const arbitraryAttributeValue: fc.Arbitrary<AttributeValue> = fc.oneof(
  { arbitrary: fc.constantFrom<AttributeValue>('engineer', '의사', '1', 1, 0, 0.5, true, false), weight: 5 },
  { arbitrary: text(ATTRIBUTE_TEXT_PATTERN), weight: 1 },
  { arbitrary: finite, weight: 1 },
);

const FIELD_VALUES: Readonly<Record<OneOfField, fc.Arbitrary<string>>> = {
  gender: fc.constantFrom('female', 'male', 'other'),
  country: mostly(['KR', 'JP'], fc.stringMatching(/^[A-Z]{2}$/)),
  region: mostly(['KR-11', 'KR-26', 'JP-13'], fc.stringMatching(/^[A-Z]{2}-[A-Z0-9]{1,3}$/)),
  language: mostly(['ko', 'en', 'zh-Hant'], fc.stringMatching(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$/)),
  os: mostly(['android', 'ios'], fc.stringMatching(/^[a-z0-9_.-]{1,32}$/)),
  carrier: mostly(['SKT', 'KT', 'LG U+'], text(CARRIER_PATTERN)),
  deviceType: fc.constantFrom('phone', 'tablet', 'desktop', 'tv', 'other'),
};

const ends = <T>(end: fc.Arbitrary<T>, isOrdered: (min: T, max: T) => boolean) =>
  fc
    .record({ min: fc.option(end), max: fc.option(end) })
    .filter(({ min, max }) => (min !== null || max !== null) && (min === null || max === null || isOrdered(min, max)));

// Not the code under test: pads every part, so that the order of the texts is the order of the versions.
const padded = (version: string): string =>
  [...version.split('.'), '0', '0', '0', '0', '0']
    .slice(0, 6)
    .map((part) => part.padStart(9, '0'))
    .join('.');

export const arbitraryPredicate: fc.Arbitrary<Predicate> = fc.oneof(
  fc.record({
    kind: fc.constant('segments' as const),
    ids: fc.array(arbitrarySegmentId, { minLength: 1, maxLength: 4 }),
    minWeight: fc.oneof(fc.constant(0), arbitraryWeight),
  }),
  ends(arbitraryAge, (min, max) => min <= max).map((range) => ({ kind: 'age' as const, ...range })),
  fc.constantFrom(...ONE_OF_FIELDS).chain((field) =>
    fc.record({
      kind: fc.constant('oneOf' as const),
      field: fc.constant(field),
      values: fc.array(FIELD_VALUES[field], { minLength: 1, maxLength: 3 }),
    }),
  ),
  fc
    .tuple(
      fc.constantFrom(...VERSION_FIELDS),
      ends(arbitraryVersion, (min, max) => padded(min) <= padded(max)),
    )
    .map(([field, range]) => ({ kind: 'version' as const, field, ...range })),
  fc.record({
    kind: fc.constant('attributeIn' as const),
    key: arbitraryAttributeKey,
    values: fc.array(arbitraryAttributeValue, { minLength: 1, maxLength: 3 }),
  }),
  fc
    .tuple(
      arbitraryAttributeKey,
      ends(mostly([0, 0.5, 1], finite), (min, max) => min <= max),
    )
    .map(([key, range]) => ({ kind: 'attributeRange' as const, key, ...range })),
  fc.record({ kind: fc.constant('attributeExists' as const), key: arbitraryAttributeKey, exists: fc.boolean() }),
  fc.record({ kind: fc.constant('audience' as const), id: arbitraryAudienceId }),
);

/** Trees of up to five levels and 341 nodes, empty `all` and `any` included. */
export const arbitraryTargeting: fc.Arbitrary<Targeting> = fc.letrec<{ tree: Targeting }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, depthSize: 'medium', withCrossShrink: true },
    { arbitrary: arbitraryPredicate, weight: 3 },
    {
      arbitrary: fc.record({
        kind: fc.constantFrom('all' as const, 'any' as const),
        of: fc.array(tie('tree'), { maxLength: 4 }),
      }),
      weight: 2,
    },
    { arbitrary: fc.record({ kind: fc.constant('not' as const), of: tie('tree') }), weight: 1 },
  ),
})).tree;

const known = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { freq: 4 });

/** Subjects of whom any field may be unknown. */
export const arbitrarySubject: fc.Arbitrary<Subject> = fc.record({
  interests: fc
    .uniqueArray(fc.tuple(arbitrarySegmentId, fc.oneof(fc.constant(0), arbitraryWeight)), {
      selector: ([id]) => id,
      maxLength: 4,
    })
    .map((entries) => new Map(entries)),
  age: known(arbitraryAge),
  gender: known(FIELD_VALUES.gender),
  country: known(FIELD_VALUES.country),
  region: known(FIELD_VALUES.region),
  language: known(FIELD_VALUES.language),
  os: known(FIELD_VALUES.os),
  osVersion: known(arbitraryVersion),
  appVersion: known(arbitraryVersion),
  carrier: known(FIELD_VALUES.carrier),
  deviceType: known(FIELD_VALUES.deviceType),
  attributes: fc
    .uniqueArray(fc.tuple(arbitraryAttributeKey, arbitraryAttributeValue), { selector: ([key]) => key, maxLength: 3 })
    .map((entries) => new Map(entries)),
  audiences: fc.uniqueArray(arbitraryAudienceId, { maxLength: 2 }).map((ids) => new Set(ids)),
});
