import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ZoneDays } from '../core/calendar/zone-days.js';
import { ATTRIBUTE_KEY_PATTERN, GENDERS } from '../core/targeting/vocabulary.js';
import { newId } from '../platform/ids.js';
import type { ProfileFields } from './interest-profile.js';
import { latestDate, mergeProfile, parsePatch, parseProfile } from './profile-input.js';
import { MAX_ATTRIBUTES, MAX_INTERESTS, MAX_MUTED_ADVERTISERS, MAX_PROFILE_ERRORS } from './profile-limits.js';

const TODAY = { year: 2026, month: 11, day: 22 };
const CONSENT = { personalized: true, nightTime: false };

const segment = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,20}$/);
const attributeKey = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_.-]{0,20}$/);
const weight = fc.double({ min: 0, max: 1, noNaN: true, minExcluded: true });
const attributeValue = fc.oneof(
  fc.boolean(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
  fc.constantFrom('engineer', '엔지니어', '', '😀'),
);
const birthDate = fc
  .date({ min: new Date('1900-01-01'), max: new Date('2026-11-22'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));
const birth = fc.oneof(
  fc.constant({ birthDate: null, birthYear: null }),
  birthDate.map((date) => ({ birthDate: date, birthYear: null })),
  fc.integer({ min: 1900, max: 2026 }).map((year) => ({ birthDate: null, birthYear: year })),
);
const orNull = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { nil: null });
const dictionary = <T>(key: fc.Arbitrary<string>, value: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
  fc.dictionary(key, value, { maxKeys: 8, noNullPrototype: true });
const muted = fc.array(fc.constant(null), { maxLength: 3 }).map((places) => places.map(() => newId('advertiser')));

const profile: fc.Arbitrary<ProfileFields> = fc
  .record({
    interests: dictionary(segment, weight),
    gender: orNull(fc.constantFrom(...GENDERS)),
    country: orNull(fc.constantFrom('KR', 'JP')),
    region: orNull(fc.constantFrom('KR-11', 'JP-13')),
    language: orNull(fc.constantFrom('ko', 'zh-Hant')),
    timeZone: orNull(fc.constantFrom('Asia/Seoul', 'America/Sao_Paulo', 'UTC')),
    attributes: dictionary(attributeKey, attributeValue),
    consent: fc.record({ personalized: fc.boolean(), nightTime: fc.boolean() }),
    mutedAdvertisers: muted,
  })
  .chain((fields) => birth.map((known) => ({ ...fields, ...known })));

function faultsOf(input: unknown): readonly { path: string; message: string }[] {
  const parsed = parseProfile(input, TODAY);
  return parsed.ok ? [] : parsed.errors;
}

function paths(input: object): string[] {
  return faultsOf({ consent: CONSENT, ...input }).map(({ path }) => path);
}

describe('parseProfile', () => {
  it('takes every profile as it is, and names all of its segments', () => {
    fc.assert(
      fc.property(profile, (given) => {
        const parsed = parseProfile(JSON.parse(JSON.stringify(given)), TODAY);
        expect(parsed).toEqual({ ok: true, profile: given, segments: Object.keys(given.interests) });
      }),
    );
  });

  it('counts what is absent as unknown', () => {
    fc.assert(
      fc.property(profile, (given) => {
        const known = Object.entries(given).filter(([, value]) => value !== null);
        expect(parseProfile(Object.fromEntries(known), TODAY)).toMatchObject({ ok: true, profile: given });
      }),
    );
  });

  it('never throws, and says of everything else at least one thing that is wrong', () => {
    const name = fc.constantFrom(
      'interests',
      'attributes',
      'consent',
      'birthDate',
      'birthYear',
      'gender',
      'timeZone',
      'x',
    );
    const input = fc.oneof(fc.jsonValue(), fc.dictionary(name, fc.jsonValue()), fc.anything());
    fc.assert(
      fc.property(input, (value) => {
        const parsed = parseProfile(value, TODAY);
        if (parsed.ok) expect(parseProfile(parsed.profile, TODAY)).toMatchObject({ ok: true, profile: parsed.profile });
        else expect(parsed.errors.length).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });

  it('finds the fault in a profile that has one, and only that', () => {
    const fault = fc.constantFrom<[string, object]>(
      ['birthDate', { birthDate: '2023-02-29', birthYear: null }],
      ['gender', { gender: 'F' }],
      ['country', { country: 'kr' }],
      ['region', { region: 'Seoul' }],
      ['language', { language: 'Korean' }],
      ['timeZone', { timeZone: '+09:00' }],
      ['consent.nightTime', { consent: { personalized: true } }],
      ['nickname', { nickname: '민지' }],
    );
    fc.assert(
      fc.property(profile, fault, (given, [path, wrong]) => {
        expect(faultsOf({ ...given, ...wrong }).map((error) => error.path)).toEqual([path]);
      }),
    );
  });

  it.each([
    ['a text', 'interests'],
    ['a list', []],
    ['null', null],
    ['nothing', undefined],
  ])('refuses %s', (_name, input) => {
    expect(faultsOf(input)).toEqual([{ path: '', message: 'must be a JSON object' }]);
  });

  it('asks for the consent, both parts of it and nothing else', () => {
    expect(faultsOf({}).map(({ path }) => path)).toEqual(['consent']);
    expect(faultsOf({ consent: null }).map(({ path }) => path)).toEqual(['consent']);
    expect(faultsOf({ consent: { ...CONSENT, marketing: true } }).map(({ path }) => path)).toEqual([
      'consent.marketing',
    ]);
    expect(faultsOf({ consent: { personalized: 'yes', nightTime: 1 } }).map(({ path }) => path)).toEqual([
      'consent.personalized',
      'consent.nightTime',
    ]);
  });

  it.each([-0.1, 1.000001, NaN, Infinity, '0.5', null, true, {}])('refuses the weight %p', (wrong) => {
    expect(paths({ interests: { 'auto.ev': wrong, 'auto.suv': 0.5 } })).toEqual(['interests.auto.ev']);
  });

  it('drops a weight of 0, but still asks whether its segment exists', () => {
    const parsed = parseProfile({ interests: { 'auto.ev': 0, 'auto.suv': 1 }, consent: CONSENT }, TODAY);
    expect(parsed).toMatchObject({
      ok: true,
      profile: { interests: { 'auto.suv': 1 } },
      segments: ['auto.ev', 'auto.suv'],
    });
  });

  it('keeps segments and attributes whose names every object inherits', () => {
    const interests = { constructor: 0.5 };
    const attributes = { toString: 'x', hasOwnProperty: true };
    const parsed = parseProfile({ interests, attributes, consent: CONSENT }, TODAY);
    expect(parsed).toMatchObject({ ok: true, profile: { interests, attributes } });
  });

  it('never reads __proto__ as anything but a wrong key', () => {
    const input: unknown = JSON.parse(
      '{"consent":{"personalized":true,"nightTime":true},"__proto__":{},"interests":{"__proto__":1},"attributes":{"__proto__":1}}',
    );
    expect(faultsOf(input).map(({ path }) => path)).toEqual(['__proto__', 'interests', 'attributes']);
    expect(parseProfile(input, TODAY)).not.toHaveProperty('profile');
  });

  it.each([
    ['1900-01-01', true],
    ['1899-12-31', false],
    ['2026-11-22', true],
    ['2026-11-23', false],
    ['2024-02-29', true],
    ['2100-02-29', false],
    ['1994-5-17', false],
    ['1994-05-17T00:00:00Z', false],
    [19940517, false],
  ])('reads the birth date %p: %p', (date, valid) => {
    expect(paths({ birthDate: date })).toEqual(valid ? [] : ['birthDate']);
  });

  it.each([
    [1900, true],
    [1899, false],
    [2026, true],
    [2027, false],
    [1994.5, false],
    ['1994', false],
  ])('reads the birth year %p: %p', (year, valid) => {
    expect(paths({ birthYear: year })).toEqual(valid ? [] : ['birthYear']);
  });

  it('refuses a birth year beside a birth date', () => {
    expect(paths({ birthDate: '1994-05-17', birthYear: 1994 })).toEqual(['birthYear']);
    expect(paths({ birthDate: '1994-05-17', birthYear: null })).toEqual([]);
  });

  it.each([
    [
      'interests',
      MAX_INTERESTS,
      (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`s${i}`, 1])),
    ],
    [
      'attributes',
      MAX_ATTRIBUTES,
      (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`a${i}`, 1])),
    ],
    [
      'mutedAdvertisers',
      MAX_MUTED_ADVERTISERS,
      (count: number) => Array.from({ length: count }, () => newId('advertiser')),
    ],
  ])('takes %s up to the limit of %p', (field, limit, make) => {
    expect(paths({ [field]: make(limit) })).toEqual([]);
    expect(paths({ [field]: make(limit + 1) })).toEqual([field]);
  });

  it('bounds the number of faults and the length of what it repeats', () => {
    const interests = Object.fromEntries(
      Array.from({ length: MAX_INTERESTS }, (_, i) => [`${'X'.repeat(10_000)}${i}`, 1]),
    );
    const faults = faultsOf({ consent: CONSENT, interests, ['y'.repeat(10_000)]: 1 });
    expect(faults).toHaveLength(MAX_PROFILE_ERRORS);
    expect(JSON.stringify(faultsOf({ consent: CONSENT, ['y'.repeat(10_000)]: 1 })).length).toBeLessThan(500);
    expect(JSON.stringify(faults).length).toBeLessThan(MAX_PROFILE_ERRORS * 500);
  });

  it('takes no attribute that an expression could not name', () => {
    fc.assert(
      fc.property(fc.oneof(attributeKey, fc.string(), fc.string({ unit: 'binary' })), (key) => {
        const accepted = faultsOf({ consent: CONSENT, attributes: { [key]: 1 } }).length === 0;
        expect(!accepted || ATTRIBUTE_KEY_PATTERN.test(key)).toBe(true);
      }),
    );
  });

  it.each([
    ['한'.repeat(128), true],
    ['한'.repeat(129), false],
    ['two\nlines', false],
    [Infinity, false],
    [null, false],
    [[1], false],
  ])('reads the attribute value %p: %p', (value, valid) => {
    expect(paths({ attributes: { occupation: value } })).toEqual(valid ? [] : ['attributes.occupation']);
  });
});

describe('a change', () => {
  it('that states a whole profile makes it so, but for the keys that it does not name', () => {
    fc.assert(
      fc.property(profile, profile, (stored, wanted) => {
        const parsed = parsePatch(wanted, TODAY);
        if (!parsed.ok) throw new Error('a whole profile is a change, too');
        expect(mergeProfile(stored, parsed.patch)).toMatchObject({
          ok: true,
          profile: {
            ...wanted,
            interests: { ...stored.interests, ...wanted.interests },
            attributes: { ...stored.attributes, ...wanted.attributes },
          },
        });
      }),
    );
  });

  it('that names nothing changes nothing', () => {
    fc.assert(
      fc.property(profile, (stored) => {
        expect(mergeProfile(stored, {})).toMatchObject({ ok: true, profile: stored });
      }),
    );
  });

  it('takes keys and fields away by null, and interests by a weight of 0', () => {
    const parsed = parsePatch(
      {
        interests: { 'auto.ev': null, 'auto.suv': 0 },
        attributes: { score: null },
        gender: null,
        mutedAdvertisers: null,
      },
      TODAY,
    );
    if (!parsed.ok) throw new Error('the change is valid');
    const stored = profileWith({
      interests: { 'auto.ev': 0.5, 'auto.suv': 0.5, 'sports.golf': 0.1 },
      attributes: { score: 1, level: 2 },
      gender: 'female',
      mutedAdvertisers: [newId('advertiser')],
    });
    expect(mergeProfile(stored, parsed.patch)).toMatchObject({
      profile: { interests: { 'sports.golf': 0.1 }, attributes: { level: 2 }, gender: null, mutedAdvertisers: [] },
    });
  });

  it('of the birth keeps at most one of date and year', () => {
    const dated = profileWith({ birthDate: '1994-05-17' });
    expect(mergeProfile(dated, { birthYear: 1995 })).toMatchObject({ profile: { birthDate: null, birthYear: 1995 } });
    expect(mergeProfile(dated, { birthYear: null })).toMatchObject({
      profile: { birthDate: '1994-05-17', birthYear: null },
    });
    const year = profileWith({ birthYear: 1994 });
    expect(mergeProfile(year, { birthDate: '1994-05-17' })).toMatchObject({
      profile: { birthDate: '1994-05-17', birthYear: null },
    });
  });

  it('is refused when it would make the profile too large', () => {
    const interests = Object.fromEntries(Array.from({ length: MAX_INTERESTS }, (_, i) => [`s${i}`, 1]));
    const stored = profileWith({ interests });
    expect(mergeProfile(stored, { interests: { more: 1 } })).toMatchObject({
      ok: false,
      errors: [{ path: 'interests' }],
    });
    expect(mergeProfile(stored, { interests: { more: 1, s0: null } })).toMatchObject({ ok: true });
  });

  it.each([
    { interests: null },
    { attributes: null },
    { consent: null },
    { consent: { personalized: true } },
    { userId: 'u' },
    [],
  ])('may not be %j', (input) => {
    expect(parsePatch(input, TODAY).ok).toBe(false);
  });
});

describe('latestDate', () => {
  it('is the date of the first place on earth where the day begins', () => {
    const kiritimati = new ZoneDays('Pacific/Kiritimati');
    fc.assert(
      fc.property(fc.integer({ min: Date.UTC(2000, 0), max: Date.UTC(2100, 0) }), (now) => {
        const { year, month, day } = latestDate(now);
        expect(new Date(Date.UTC(year, month - 1, day)).toISOString().slice(0, 10)).toBe(kiritimati.dayAt(now).date);
      }),
    );
  });
});

function profileWith(fields: Partial<ProfileFields>): ProfileFields {
  const parsed = parseProfile({ consent: CONSENT }, TODAY);
  if (!parsed.ok) throw new Error('consent alone is a profile');
  return { ...parsed.profile, ...fields };
}
