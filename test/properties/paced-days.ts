import { SeededRandom } from '../../src/commands/seeded-random.js';
import { localDayStart, nextLocalDayStart } from '../../src/core/calendar/local-day.js';
import { decidePace, type PaceDecision, replaces } from '../../src/core/pacing/decide-pace.js';
import { type DayShape, QUARTER_MS, QUARTERS_A_DAY } from '../../src/core/pacing/day-shape.js';
import { plannedMicros } from '../../src/core/pacing/paced-plan.js';
import { FIRST_PASS_SHARE } from '../../src/core/pacing/pass-share.js';
import { TrafficCurve } from '../../src/core/pacing/traffic-curve.js';

/** A market of one campaign: traffic of a shape, prices, delays, and outages; all by the seed. */
export interface PacedWorld {
  readonly seed: number;
  readonly timeZone: string;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly startsAt: number;
  readonly endsAt: number | null;
  readonly dailyMicros: number | null;
  readonly totalMicros: number | null;
  /** The highest price; charges cost from a third of it up. */
  readonly priceMicros: number;
  /** The traffic's real shape, and the one that plans are made by. */
  readonly traffic: DayShape;
  readonly planned: DayShape;
  /** Micros that the campaign could spend in a mean day without throttling. */
  readonly supplyMicros: number;
  /** Standard deviation of the slow noise of traffic, as a logarithm. */
  readonly noise: number;
  /** A charge is known so long after its impression, at most. */
  readonly delayMs: number;
  /** While one lasts, this share of the traffic is left. */
  readonly outages: readonly { readonly fromMs: number; readonly untilMs: number; readonly left: number }[];
  readonly stepMs: number;
}

export interface Sample {
  readonly ms: number;
  /** On the local day, or since the start for a total budget. */
  readonly spentMicros: number;
  readonly plannedMicros: number;
  readonly passShare: number;
}

/** How long a step of noise lasts. */
const NOISE_MS = 10 * 60_000;

/** Lets the controller pace the campaign as the job does; one sample a step. Spend is as the ledger will have it in the end. */
export function pacedDays(world: PacedWorld): readonly Sample[] {
  const { timeZone, fromMs, untilMs, stepMs, dailyMicros, totalMicros } = world;
  const random = new SeededRandom(String(world.seed));
  const real = new TrafficCurve(timeZone, world.traffic, null);
  const curve = new TrafficCurve(timeZone, world.planned, null);
  const budget = (dailyMicros ?? totalMicros ?? 0) as number;
  const known = new Map<number, { micros: number; today: number }>();
  const samples: Sample[] = [];
  let decision: PaceDecision | null = null;
  let lastStep: number | null = null;
  let [spent, today, knownSpent, knownToday, drift, day] = [0, 0, 0, 0, 0, -Infinity];
  let noiseUntil = fromMs;
  for (let now = fromMs; now <= untilMs; now += stepMs) {
    const passed = now - stepMs;
    if (lastStep !== null) {
      if (noiseUntil <= now) {
        drift = drift * 0.8 + world.noise * 0.6 * random.normal();
        noiseUntil += NOISE_MS;
      }
      const share = decision?.pace.passShare ?? FIRST_PASS_SHARE;
      const left = world.outages.find((outage) => now > outage.fromMs && now <= outage.untilMs)?.left ?? 1;
      const runs = Math.min(now, world.endsAt ?? now) > Math.max(passed, world.startsAt);
      const mass = runs ? real.massAt(now) - real.massAt(passed) : 0;
      const mean = world.priceMicros * (2 / 3);
      const charges = poisson(random, (share * left * mass * world.supplyMicros * Math.exp(drift)) / mean);
      for (let i = 0; i < charges; i++) {
        const price = Math.round(world.priceMicros * (1 / 3 + (random.next() * 2) / 3));
        const periodSpent = dailyMicros === null ? spent : today;
        if (periodSpent + price > budget || (totalMicros !== null && spent + price > totalMicros)) continue;
        spent += price;
        today += price;
        const knownAt = Math.ceil((now + random.next() * world.delayMs) / stepMs) * stepMs;
        const entry = known.get(knownAt) ?? { micros: 0, today: localDayStart(now - 1, timeZone) };
        entry.micros += price;
        known.set(knownAt, entry);
      }
    }
    const start = localDayStart(now, timeZone);
    if (decision !== null) {
      // At the very end of a day it is that day that is looked at.
      const at = Math.min(now, decision.plan.endMs);
      const planned = plannedMicros(decision.plan, curve, at);
      samples.push({
        ms: now,
        spentMicros: dailyMicros === null ? spent : today,
        plannedMicros: planned,
        passShare: decision.pace.passShare,
      });
    }
    if (start > day) [today, knownToday, day] = [0, 0, start];
    const news = known.get(now);
    if (news !== undefined) {
      knownSpent += news.micros;
      if (news.today === start) knownToday += news.micros;
      known.delete(now);
    }
    const isActive = now >= world.startsAt && (world.endsAt === null || now < world.endsAt);
    if (isActive) {
      const next: PaceDecision | null = decidePace(
        decision,
        {
          terms: { timeZone, startsAt: world.startsAt, endsAt: world.endsAt, dailyMicros, totalMicros },
          curve,
          priceMicros: world.priceMicros,
          spentMicros: knownSpent,
          spentTodayMicros: knownToday,
        },
        now,
        lastStep,
      );
      if (next !== null && replaces(next, decision)) decision = next;
    }
    lastStep = now;
  }
  return samples;
}

export function dayAround(ms: number, timeZone: string): { readonly startMs: number; readonly endMs: number } {
  return { startMs: localDayStart(ms, timeZone), endMs: nextLocalDayStart(ms, timeZone) };
}

/** A night trough and two peaks: where they are, how deep and how high. Hours of the wall clock; heights over the trough's. */
export interface TwoPeaks {
  readonly trough: number;
  readonly noon: number;
  readonly noonHeight: number;
  readonly evening: number;
  readonly eveningHeight: number;
  readonly width: number;
}

export function twoPeaks({ trough, noon, noonHeight, evening, eveningHeight, width }: TwoPeaks): DayShape {
  const weights = Array.from({ length: QUARTERS_A_DAY }, (_, quarter) => {
    const hour = (quarter * QUARTER_MS) / 3_600_000;
    return trough + bump(hour, noon, width) * noonHeight + bump(hour, evening, width) * eveningHeight;
  });
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

function bump(hour: number, at: number, width: number): number {
  const away = Math.min(Math.abs(hour - at), 24 - Math.abs(hour - at));
  return Math.exp(-((away / width) ** 2) / 2);
}

/** Knuth's for few, the normal approximation for many. */
function poisson(random: SeededRandom, mean: number): number {
  if (mean > 30) return Math.max(Math.round(mean + Math.sqrt(mean) * random.normal()), 0);
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random.next(); product > limit; product *= random.next()) count++;
  return count;
}
