import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { always } from '../capping/limit-history.js';
import {
  type AuditedRules,
  countGapBreaches,
  countLoadBreaches,
  type PlacedImpression,
  toAuditedRules,
} from './load-breaches.js';
import { loadRoom, type LoadRules } from './member-load.js';

const NOON = Date.parse('2026-11-20T12:00:00Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const seen = (decidedAt: number, at = decidedAt, placement = 'p'): PlacedImpression => ({
  at: NOON + at,
  decidedAt: NOON + decidedAt,
  placement,
});
const rulesOf = (rules: Readonly<Record<string, number>>, since = 0, until = Infinity): AuditedRules =>
  toAuditedRules(new Map(Object.entries(rules).map(([placement, value]) => [placement, [{ value, since, until }]])));

describe('countLoadBreaches', () => {
  it('counts days that hold one message too many, and takes their ends as half-open', () => {
    const rules = rulesOf({ p: 2 });
    expect(countLoadBreaches([seen(0), seen(1), seen(DAY)], rules)).toBe(0);
    expect(countLoadBreaches([seen(0), seen(1), seen(DAY - 1)], rules)).toBe(1);
  });

  it('counts what was seen in other placements, and judges by the one of the last decision', () => {
    const free = [seen(0, 0, 'q'), seen(HOUR, HOUR, 'q')];
    expect(countLoadBreaches([...free, seen(2 * HOUR)], rulesOf({ p: 2 }))).toBe(1);
    expect(countLoadBreaches([seen(0), ...free.slice(1), seen(2 * HOUR, 2 * HOUR, 'q')], rulesOf({ p: 2 }))).toBe(0);
  });

  it('judges nothing by a rule whose decision may have been the earlier one', () => {
    const close = (apart: number) => [seen(0, 0, 'q'), seen(1_000, 1_000, 'q'), seen(1_000 + apart)];
    expect(countLoadBreaches(close(13_000), rulesOf({ p: 2 }))).toBe(0);
    expect(countLoadBreaches(close(13_001), rulesOf({ p: 2 }))).toBe(1);
  });

  it('judges by the rule that was in force at the last decision', () => {
    const rules = toAuditedRules(
      new Map([
        [
          'p',
          [
            { value: 1, since: NOON, until: NOON + HOUR },
            { value: 3, since: NOON + 2 * HOUR, until: NOON + 3 * HOUR },
          ],
        ],
      ]),
    );
    const two = [seen(0), seen(HOUR - 1)];
    expect(countLoadBreaches(two, rules)).toBe(1);
    expect(countLoadBreaches([seen(0), seen(HOUR)], rules)).toBe(0);
    expect(countLoadBreaches([...two, seen(2 * HOUR)], rules)).toBe(1);
    expect(countLoadBreaches([...two, seen(2 * HOUR), seen(2 * HOUR + 1)], rules)).toBe(2);
  });

  it('leaves out what was decided before the rule was in force', () => {
    const late = [seen(0, 50), seen(1, 51), seen(2, 52)];
    expect(countLoadBreaches(late, rulesOf({ p: 2 }, NOON + 20_000))).toBe(0);
    expect(countLoadBreaches([...late, seen(20_000)], rulesOf({ p: 2 }, NOON + 20_000))).toBe(1);
  });
});

describe('countGapBreaches', () => {
  it('counts decisions that came too soon after another, and none at the gap', () => {
    expect(countGapBreaches([seen(0), seen(30_000)], rulesOf({ p: 30 }))).toBe(0);
    expect(countGapBreaches([seen(0), seen(29_999)], rulesOf({ p: 30 }))).toBe(1);
    expect(countGapBreaches([seen(0), seen(0), seen(29_999), seen(29_999)], rulesOf({ p: 30 }))).toBe(1);
  });

  it('counts from decision to decision, however long a message was on its way to be seen', () => {
    expect(countGapBreaches([seen(0, 29_000), seen(30_000)], rulesOf({ p: 30 }))).toBe(0);
    expect(countGapBreaches([seen(0), seen(20_000, 500_000)], rulesOf({ p: 30 }))).toBe(1);
  });

  it('asks for the gap of the later decision, and for the shorter one where that is not certain', () => {
    const rules = rulesOf({ p: 30, r: 20 });
    expect(countGapBreaches([seen(0), seen(25_000, 25_000, 'r')], rules)).toBe(0);
    expect(countGapBreaches([seen(0, 0, 'r'), seen(25_000)], rules)).toBe(1);
    expect(countGapBreaches([seen(0, 0, 'q'), seen(12_999)], rules)).toBe(0);
    expect(countGapBreaches([seen(0, 0, 'q'), seen(13_000)], rules)).toBe(1);
    expect(countGapBreaches([seen(0, 0, 'q'), seen(5_000, 5_000, 'q'), seen(14_000)], rules)).toBe(1);
  });

  it('leaves out what was decided before the rule was in force', () => {
    expect(countGapBreaches([seen(0), seen(20_000)], rulesOf({ p: 30 }, NOON + 20_001))).toBe(0);
    expect(countGapBreaches([seen(0), seen(20_000)], rulesOf({ p: 30 }, NOON + 20_000))).toBe(1);
    expect(countGapBreaches([seen(0), seen(20_000)], rulesOf({ p: 30 }, 0, NOON + 20_000))).toBe(0);
  });
});

const PLACEMENTS = ['p', 'q', 'r'];
const anyLimit = (max: number) => fc.option(fc.integer({ min: 1, max }), { nil: null });
const anyRules: fc.Arbitrary<LoadRules> = fc.record({
  maxPerMemberPerDay: anyLimit(6),
  minGapSeconds: anyLimit(900),
  maxPerAdvertiserPerDay: anyLimit(3),
  minAdvertiserGapSeconds: anyLimit(1_800),
});
/** After how long which placement asks for how many; how far its clock is ahead, and settlement behind. */
const anyStep = fc.record({
  pauseMs: fc.oneof(fc.integer({ min: 0, max: 20_000 }), fc.integer({ min: 0, max: 6 * HOUR })),
  placement: fc.nat({ max: PLACEMENTS.length - 1 }),
  skewMs: fc.integer({ min: 0, max: 3_000 }),
  behindMs: fc.integer({ min: 0, max: HOUR }),
  /** Of each message: its advertiser, and after how long it is seen, if ever. */
  messages: fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.option(fc.integer({ min: 0, max: 599_000 }))), {
    minLength: 1,
    maxLength: 3,
  }),
});
const anyHistory = fc.record({
  rules: fc.tuple(anyRules, anyRules, anyRules),
  steps: fc.array(anyStep, { maxLength: 60 }),
});

interface Message extends PlacedImpression {
  readonly advertiserId: string;
  readonly isSeen: boolean;
  readonly expiresAt: number;
}

/** What one member was given by decisions that keep to the rules; `at` of what was never seen is its expiry. */
function live({ rules, steps }: typeof anyHistory extends fc.Arbitrary<infer T> ? T : never, keeps: boolean) {
  const given: Message[] = [];
  let time = NOON;
  for (const { pauseMs, placement, skewMs, behindMs, messages } of steps) {
    time += pauseMs;
    const now = time + skewMs;
    const settledUntil = time - behindMs;
    const isCounted = ({ isSeen, at }: Message): boolean => isSeen && at < settledUntil;
    const state = {
      impressions: given.filter(isCounted),
      holds: given.filter((message) => !isCounted(message)),
      settledUntil,
    };
    const room = loadRoom(state, rules[placement] as LoadRules, now);
    const placed: Message[] = [];
    for (const [advertiserId, waitMs] of messages) {
      const ofAdvertiser = placed.filter((message) => message.advertiserId === advertiserId).length;
      if (keeps && (placed.length >= room.member || ofAdvertiser >= room.ofAdvertiser(advertiserId))) continue;
      const expiresAt = now + 600_000;
      const at = waitMs === null ? expiresAt : Math.max(now, time + waitMs);
      const where = { advertiserId, placement: PLACEMENTS[placement] as string };
      placed.push({ ...where, at, isSeen: waitMs !== null, decidedAt: now, expiresAt });
    }
    given.push(...placed);
  }
  return given.filter(({ isSeen }) => isSeen).sort((a, b) => a.at - b.at);
}

function breachesOf(impressions: readonly Message[], rules: readonly LoadRules[]): number {
  const of = (name: keyof LoadRules): AuditedRules =>
    toAuditedRules(
      new Map(
        rules.flatMap((one, i) => {
          const value = one[name];
          return value === null ? [] : [[PLACEMENTS[i] as string, always(value)] as const];
        }),
      ),
    );
  const own = ['a', 'b'].map((id) => impressions.filter(({ advertiserId }) => advertiserId === id));
  const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
  return sum([
    countLoadBreaches(impressions, of('maxPerMemberPerDay')),
    countGapBreaches(impressions, of('minGapSeconds')),
    ...own.map((some) => countLoadBreaches(some, of('maxPerAdvertiserPerDay'))),
    ...own.map((some) => countGapBreaches(some, of('minAdvertiserGapSeconds'))),
  ]);
}

describe('the audit of load rules', () => {
  it('finds nothing in what was decided by the rules, whatever the placements, clocks and settlements', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        expect(breachesOf(live(history, true), history.rules)).toBe(0);
      }),
      { numRuns: 1_000 },
    );
  });

  it('finds something in most of what was decided without them', () => {
    const histories = fc.sample(anyHistory, { numRuns: 300, seed: 1 });
    const found = histories.filter((history) => breachesOf(live(history, false), history.rules) > 0);
    expect(found.length).toBeGreaterThan(150);
  });
});
