import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  adGroup,
  creative,
  matchRequest,
  type Means,
  money,
  SUNDAY_NOON,
  UNKNOWN_SUBJECT,
  WON_RATES,
} from '../../../test/properties/arbitraries/candidates.js';
import { LEAST_RELEVANCE, PRIOR_CTR } from '../scoring/score.js';
import type { Targeting } from '../targeting/expression.js';
import type { AdGroupRecord } from './ad-group-record.js';
import { toCandidate } from './candidate.js';
import { firstFailure, suitsLanguage } from './first-failure.js';
import { EXCLUSION_REASONS, type ExclusionReason, type MatchRequest } from './match-request.js';

interface Scene {
  readonly record?: Partial<AdGroupRecord>;
  readonly request?: Partial<MatchRequest>;
  readonly means?: Partial<Means>;
  readonly targeting?: Targeting;
  readonly isCapped?: boolean;
}

const NEVER: Targeting = { kind: 'oneOf', field: 'country', values: ['JP'] };
const NOT_EV: Targeting = { kind: 'not', of: { kind: 'segments', ids: ['auto.ev'], minWeight: 0 } };
const MONDAY = [{ days: ['mon'], fromMinute: 0, toMinute: 1440 }] as const;

/** The ways in which each check can fail; they touch different things, so that any of them go together. */
const FAILURES: Readonly<Record<ExclusionReason, readonly Scene[]>> = {
  targeting: [{ targeting: NEVER }, { targeting: { kind: 'any', of: [] } }],
  schedule: [
    { record: { campaignStatus: 'draft' } },
    { record: { campaignStatus: 'paused' } },
    { record: { campaignStatus: 'archived' } },
    { record: { startsAt: SUNDAY_NOON + 1 } },
    { record: { endsAt: SUNDAY_NOON } },
  ],
  day_part: [
    { record: { dayParts: { clock: 'advertiser', windows: MONDAY } } },
    { record: { dayParts: { clock: 'member', windows: MONDAY } } },
  ],
  budget: [{ means: { shortage: 'budget' } }],
  balance: [{ means: { shortage: 'balance' } }],
  pacing: [{ means: { passShare: 0 } }],
  frequency_cap: [{ isCapped: true }],
  creative: [{ record: { creatives: [] } }, { record: { creatives: [creative({ language: 'en' })] } }],
  consent: [{ request: { personalized: false }, targeting: NOT_EV }],
  muted: [{ request: { mutedAdvertisers: new Set(['adv_1']) } }],
  placement: [{ request: { floorMicros: 5_000_000_001 } }],
};

/** In the order in which they are told. */
const SHORTAGES = ['budget', 'balance'] as const;

function failureOf(...scenes: readonly Scene[]): ExclusionReason | null {
  const targeting: Targeting = { kind: 'all', of: scenes.flatMap((scene) => scene.targeting ?? []) };
  const records = scenes.map(({ record }) => record ?? {});
  const record = adGroup(Object.assign({ targeting }, ...records) as Partial<AdGroupRecord>);
  const subject = { ...UNKNOWN_SUBJECT, language: 'ko' };
  const requests = scenes.map(({ request }) => request ?? {});
  const request = matchRequest(Object.assign({ subject }, ...requests) as Partial<MatchRequest>);
  const means = scenes.map((scene) => scene.means ?? {});
  const shortages = means.map(({ shortage }) => shortage);
  const shortage = SHORTAGES.find((one) => shortages.includes(one)) ?? null;
  const given = money({ ...(Object.assign({}, ...means) as Partial<Means>), shortage });
  const isCapped = scenes.some((scene) => scene.isCapped);
  return firstFailure(toCandidate(record, WON_RATES), request, given, () => isCapped);
}

describe('firstFailure', () => {
  it('is null where nothing fails', () => {
    expect(failureOf()).toBeNull();
  });

  it.each(EXCLUSION_REASONS.flatMap((reason) => FAILURES[reason].map((scene, way) => ({ reason, way, scene }))))(
    'tells $reason (way $way), alone and with all later checks failing too',
    ({ reason, scene }) => {
      expect(failureOf(scene)).toBe(reason);
      const later = EXCLUSION_REASONS.slice(EXCLUSION_REASONS.indexOf(reason) + 1);
      expect(failureOf(...later.flatMap((other) => FAILURES[other][0] ?? []), scene)).toBe(reason);
    },
  );

  it('tells the first in order of any checks that fail together', () => {
    const failing = fc.subarray([...EXCLUSION_REASONS], { minLength: 1 }).chain((reasons) =>
      fc.record({
        reasons: fc.constant(reasons),
        scenes: fc.tuple(...reasons.map((reason) => fc.constantFrom(...FAILURES[reason]))),
      }),
    );
    fc.assert(
      fc.property(failing, ({ reasons, scenes }) => {
        expect(failureOf(...scenes)).toBe(reasons[0]);
      }),
    );
  });

  it('counts caps only where it is told of them', () => {
    const candidate = toCandidate(adGroup(), WON_RATES);
    expect(firstFailure(candidate, matchRequest(), money())).toBeNull();
  });

  describe('schedule', () => {
    it('begins at its first instant and is over at its end', () => {
      expect(failureOf({ record: { startsAt: SUNDAY_NOON } })).toBeNull();
      expect(failureOf({ record: { endsAt: SUNDAY_NOON + 1 } })).toBeNull();
    });
  });

  describe('day parts', () => {
    const from9to18 = [{ days: ['sun'], fromMinute: 540, toMinute: 1080 }] as const;
    const inNewYork = { timeZone: 'America/New_York', nightTime: true };

    it('follow the clock that they name', () => {
      const seoul = { record: { dayParts: { clock: 'advertiser', windows: from9to18 } as const } };
      const member = { record: { dayParts: { clock: 'member', windows: from9to18 } as const } };
      expect(failureOf(seoul, { request: inNewYork })).toBeNull();
      expect(failureOf(member, { request: inNewYork })).toBe('day_part');
    });

    it('on the member’s clock leave out a member whose zone is unknown', () => {
      const always = [{ days: ['sun'], fromMinute: 0, toMinute: 1440 }] as const;
      const member = { record: { dayParts: { clock: 'member', windows: always } as const } };
      expect(failureOf(member)).toBeNull();
      expect(failureOf(member, { request: { timeZone: null } })).toBe('day_part');
    });
  });

  describe('consent', () => {
    it('to personal messages opens targeting by personal data, whose denial is personal, too', () => {
      expect(failureOf({ targeting: NOT_EV })).toBeNull();
      expect(failureOf({ targeting: NOT_EV, request: { personalized: false } })).toBe('consent');
      const fromKorea: Targeting = { kind: 'not', of: NEVER };
      expect(failureOf({ targeting: fromKorea, request: { personalized: false } })).toBeNull();
    });

    it.each([
      ['20:59:59.999', '2026-11-22T11:59:59.999Z', null],
      ['21:00', '2026-11-22T12:00:00Z', 'consent'],
      ['midnight', '2026-11-22T15:00:00Z', 'consent'],
      ['07:59:59.999', '2026-11-21T22:59:59.999Z', 'consent'],
      ['08:00', '2026-11-21T23:00:00Z', null],
    ])('to messages at night is asked for at %s on the member’s clock', (_clock, time, failure) => {
      const now = Date.parse(time);
      expect(failureOf({ request: { now } })).toBe(failure);
      expect(failureOf({ request: { now, nightTime: true } })).toBeNull();
      expect(failureOf({ request: { now, timeZone: null } })).toBeNull();
    });
  });

  describe('placement', () => {
    it('takes an eCPM that just reaches its floor, in the base currency', () => {
      expect(failureOf({ request: { floorMicros: 5_000_000_000 } })).toBeNull();
      const record = { currency: 'USD' };
      expect(failureOf({ record, request: { floorMicros: 5_000_000_000 * 1400 } })).toBeNull();
      expect(failureOf({ record, request: { floorMicros: 5_000_000_000 * 1400 + 2_000 } })).toBe('placement');
    });

    it('takes a predicted CTR and a relevance that just reach the least', () => {
      expect(failureOf({ request: { leastCtr: PRIOR_CTR } })).toBeNull();
      expect(failureOf({ request: { leastCtr: PRIOR_CTR * 1.01 } })).toBe('placement');
      expect(failureOf({ request: { leastRelevance: LEAST_RELEVANCE } })).toBeNull();
      expect(failureOf({ request: { leastRelevance: LEAST_RELEVANCE * 1.01 } })).toBe('placement');
    });
  });
});

describe('suitsLanguage', () => {
  it.each([
    [null, 'ko', true],
    ['ko', null, true],
    ['ko', 'ko', true],
    ['en-GB', 'en', true],
    ['en', 'en-US', true],
    ['en', 'ko', false],
    ['fil', 'fi', false],
  ])('compares by primary language: %s for a member who reads %s is %s', (language, member, suits) => {
    expect(suitsLanguage(creative({ language }), member)).toBe(suits);
  });
});
