import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DateTime } from 'luxon';
import { windowLengthMs, windowStart } from '../../src/core/capping/cap-window.js';
import { CAP_SCOPES, type BoundCaps, type CapKeys } from '../../src/core/capping/cap-scope.js';
import { type CountedImpression, type Exposure, isCapped, type OpenHold } from '../../src/core/capping/exposure.js';
import type { FrequencyCap, TimedWindow } from '../../src/core/capping/frequency-cap.js';

/**
 * A member's life, simulated: decisions, impressions that come late or never, settlement that lags behind. Whatever the
 * order, no window of any cap holds more counted impressions than its limit; and each rule that is weaker than `isCapped`
 * is seen to break a cap, so that the simulation is known to be hard enough.
 */
const MINUTE = 60_000;
const HOUR = 3_600_000;

/** Messages that share some of what they count for, and not the rest. */
const MESSAGES: readonly CapKeys[] = [
  { creative: 'crv_0', adGroup: 'ag_0', campaign: 'cmp_0', advertiser: 'adv_0', placement: 'list' },
  { creative: 'crv_1', adGroup: 'ag_0', campaign: 'cmp_0', advertiser: 'adv_0', placement: 'list' },
  { creative: 'crv_2', adGroup: 'ag_1', campaign: 'cmp_0', advertiser: 'adv_0', placement: 'feed' },
  { creative: 'crv_3', adGroup: 'ag_2', campaign: 'cmp_1', advertiser: 'adv_0', placement: 'list' },
  { creative: 'crv_4', adGroup: 'ag_3', campaign: 'cmp_2', advertiser: 'adv_1', placement: 'list' },
];

interface World {
  readonly zone: string;
  readonly startMs: number;
  /** By key. */
  readonly caps: Readonly<Record<string, readonly FrequencyCap[]>>;
}

function boundTo({ caps, zone }: World, of: CapKeys): readonly BoundCaps[] {
  return CAP_SCOPES.map((scope) => ({ scope, key: of[scope], caps: caps[of[scope]] ?? [], zone }));
}

type Step =
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'decide'; readonly message: number; readonly lifeMs: number }
  | { readonly kind: 'impress'; readonly which: number; readonly lateness: number }
  | { readonly kind: 'settle'; readonly most: number; readonly forgetsHolds: boolean };

interface PlacedHold extends OpenHold {
  readonly decidedAt: number;
}

interface Instant {
  readonly nowMs: number;
  readonly settledUntilMs: number;
}

interface PlacedExposure extends Exposure {
  readonly holds: readonly PlacedHold[];
}

type Rule = (exposure: PlacedExposure, bound: readonly BoundCaps[], instant: Instant) => boolean;

const asBuilt: Rule = (exposure, bound, { nowMs, settledUntilMs }) =>
  isCapped(exposure, bound, nowMs, settledUntilMs) !== null;

const withoutHolds: Rule = (exposure, bound, instant) => asBuilt({ ...exposure, holds: [] }, bound, instant);

const holdsForgottenAtExpiry: Rule = (exposure, bound, instant) =>
  asBuilt(exposure, bound, { ...instant, settledUntilMs: instant.nowMs });

/** Holds count in the window of their decision only: wrong where an impression comes after midnight. */
const holdsOfThisWindowOnly: Rule = (exposure, bound, instant) =>
  bound.some((one) =>
    one.caps.some((cap) => {
      const start = windowStart(cap.window, instant.nowMs, one.zone);
      const holds = exposure.holds.filter((hold) => hold.decidedAt >= start);
      return asBuilt({ ...exposure, holds }, [{ ...one, caps: [cap] }], instant);
    }),
  );

/** Runs the steps under a rule and answers all impressions that were counted in the end. */
function live(world: World, steps: readonly Step[], isFull: Rule): CountedImpression[] {
  let nowMs = world.startMs;
  let settledUntilMs = nowMs;
  let holds: PlacedHold[] = [];
  let accepted: (CountedImpression & { acceptedAt: number })[] = [];
  const counted: CountedImpression[] = [];
  const seen = new Set<string>();

  const settle = (most: number, forgetsHolds: boolean): void => {
    const settled = accepted.slice(0, most);
    accepted = accepted.slice(most);
    for (const { messageId, of, at } of settled) {
      counted.push({ messageId, of, at });
      if (forgetsHolds) holds = holds.filter((hold) => hold.messageId !== messageId);
    }
    settledUntilMs = accepted[0]?.acceptedAt ?? nowMs;
  };

  steps.forEach((step, i) => {
    switch (step.kind) {
      case 'wait':
        nowMs += step.ms;
        break;
      case 'decide': {
        const of = MESSAGES[step.message];
        if (of === undefined) break;
        if (isFull({ impressions: counted, holds }, boundTo(world, of), { nowMs, settledUntilMs })) break;
        holds.push({ messageId: `m${i}`, of, decidedAt: nowMs, expiresAt: nowMs + step.lifeMs });
        break;
      }
      case 'impress': {
        const alive = holds.filter(({ messageId, expiresAt }) => expiresAt > nowMs && !seen.has(messageId));
        const hold = alive[step.which % Math.max(alive.length, 1)];
        if (hold === undefined) break;
        seen.add(hold.messageId);
        const { messageId, of, decidedAt } = hold;
        const at = nowMs - Math.floor(step.lateness * (nowMs - decidedAt));
        accepted.push({ messageId, of, at, acceptedAt: nowMs });
        break;
      }
      case 'settle':
        settle(step.most, step.forgetsHolds);
        break;
    }
  });
  settle(Infinity, true);
  return counted;
}

/** The most impressions that any one window of `cap` holds, counted without the code under test. */
function fullestWindow({ window }: FrequencyCap, times: readonly number[], zone: string): number {
  if (window === 'lifetime') return times.length;
  if (window.kind === 'rolling') {
    const length = windowLengthMs(window);
    return Math.max(0, ...times.map((end) => times.filter((at) => at > end - length && at <= end).length));
  }
  const perWindow = new Map<string, number>();
  for (const at of times) perWindow.set(nameOf(window, at, zone), (perWindow.get(nameOf(window, at, zone)) ?? 0) + 1);
  return Math.max(0, ...perWindow.values());
}

function nameOf({ unit, length }: TimedWindow, at: number, zone: string): string {
  const local = DateTime.fromMillis(at, { zone });
  const day = Date.UTC(local.year, local.month - 1, local.day) / 86_400_000;
  if (unit === 'day') return String(Math.floor(day / length));
  if (unit === 'week') return String(Math.floor((day - 4) / (7 * length)));
  const elapsedMs = at - local.startOf('day').toMillis();
  return `${day} ${Math.floor(elapsedMs / (length * (unit === 'hour' ? HOUR : MINUTE)))}`;
}

/** The first cap that was broken, or null. */
function brokenCap({ caps, zone }: World, counted: readonly CountedImpression[]): FrequencyCap | null {
  for (const [key, ofKey] of Object.entries(caps)) {
    const times = counted.filter(({ of }) => CAP_SCOPES.some((scope) => of[scope] === key)).map(({ at }) => at);
    const broken = ofKey.find((cap) => fullestWindow(cap, times, zone) > cap.limit);
    if (broken !== undefined) return broken;
  }
  return null;
}

const anyWindow = fc.oneof(
  fc.constant('lifetime' as const),
  fc.record({
    length: fc.integer({ min: 1, max: 3 }),
    unit: fc.constantFrom('minute' as const, 'hour' as const, 'day' as const, 'week' as const),
    kind: fc.constantFrom('rolling' as const, 'calendar' as const),
  }),
);
const anyCaps = fc.array(fc.record({ limit: fc.integer({ min: 1, max: 4 }), window: anyWindow }), { maxLength: 3 });

/** Evenings before a common midnight, the two changes of a clock, and a midnight that does not exist. */
const anyScene = fc.constantFrom(
  { zone: 'Asia/Seoul', startMs: Date.parse('2026-11-22T14:30:00Z') },
  { zone: 'Europe/Berlin', startMs: Date.parse('2026-03-28T22:30:00Z') },
  { zone: 'America/New_York', startMs: Date.parse('2026-11-01T03:30:00Z') },
  { zone: 'Australia/Lord_Howe', startMs: Date.parse('2026-04-04T12:30:00Z') },
  { zone: 'Asia/Kolkata', startMs: Date.parse('2026-11-22T17:50:00Z') },
  { zone: 'America/Sao_Paulo', startMs: Date.parse('2018-11-04T02:30:00Z') },
);

const KEYS = [...new Set(MESSAGES.flatMap((of) => CAP_SCOPES.map((scope) => String(of[scope]))))];

const anyWorld: fc.Arbitrary<World> = fc
  .record({
    scene: anyScene,
    caps: fc.uniqueArray(fc.tuple(fc.constantFrom(...KEYS), anyCaps), { selector: ([key]) => key }),
  })
  .map(({ scene, caps }) => ({ ...scene, caps: Object.fromEntries(caps) }));

const wait = (max: number) => fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max }) });
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: wait(20 * MINUTE) },
  { weight: 1, arbitrary: wait(20 * HOUR) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('decide' as const),
      message: fc.nat(MESSAGES.length - 1),
      lifeMs: fc.integer({ min: 1, max: HOUR }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('impress' as const),
      which: fc.nat(9),
      lateness: fc.nat(100).map((percent) => percent / 100),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('settle' as const), most: fc.nat(4), forgetsHolds: fc.boolean() }),
  },
);
const anyLife = fc.array(anyStep, { minLength: 10, maxLength: 80 });

const keepsEveryCap = (rule: Rule) =>
  fc.property(anyWorld, anyLife, (world, steps) => brokenCap(world, live(world, steps, rule)) === null);

describe('frequency caps', () => {
  it('are never exceeded, in any window, in whatever order decisions, impressions and settlement come', () => {
    fc.assert(keepsEveryCap(asBuilt), { numRuns: 2_000 });
  });

  it.each([
    ['holds are left out', withoutHolds],
    ['holds are forgotten at their expiry, before settlement', holdsForgottenAtExpiry],
    ['holds count only in the window of their decision', holdsOfThisWindowOnly],
  ])('are exceeded when %s', (_, rule) => {
    expect(fc.check(keepsEveryCap(rule), { numRuns: 2_000, seed: 20_261_122, endOnFailure: true }).failed).toBe(true);
  });

  it('leave room for every message that they allow', () => {
    fc.assert(
      fc.property(anyScene, fc.integer({ min: 1, max: 5 }), anyWindow, ({ zone, startMs }, limit, window) => {
        const caps = [{ limit, window }];
        const world = { zone, startMs, caps: Object.fromEntries(KEYS.map((key) => [key, caps])) };
        const once: Step[] = [
          { kind: 'decide', message: 0, lifeMs: HOUR },
          { kind: 'impress', which: 0, lateness: 0 },
          { kind: 'settle', most: 9, forgetsHolds: true },
        ];
        const steps = Array.from({ length: limit + 2 }, () => once).flat();
        expect(live(world, steps, asBuilt)).toHaveLength(limit);
      }),
    );
  });
});
