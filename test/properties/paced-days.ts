import { SeededRandom } from '../../src/commands/seeded-random.js';
import { localDayStart } from '../../src/core/calendar/local-day.js';
import { type DayShape, QUARTER_MS, QUARTERS_A_DAY } from '../../src/core/pacing/day-shape.js';
import { decidePace, isMisdated, type PaceDecision, replaces } from '../../src/core/pacing/decide-pace.js';
import { ExpectedClicks } from '../../src/core/pacing/expected-clicks.js';
import { plannedMicros } from '../../src/core/pacing/paced-plan.js';
import { decidedMinute } from '../../src/core/pacing/promise-book.js';
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
  /** Null: impressions are paid for. */
  readonly clicks: PaidClicks | null;
  /** While one lasts, this share of the traffic is left. */
  readonly outages: readonly { readonly fromMs: number; readonly untilMs: number; readonly left: number }[];
  readonly stepMs: number;
  /** The step at `atMs` is made by a clock that is ahead by so much; null: all are on time. */
  readonly wrongClock: { readonly atMs: number; readonly aheadMs: number } | null;
}

/** The share of messages that is clicked, how soon on average, and for how long a message may be clicked. */
export interface PaidClicks {
  readonly rate: number;
  readonly meanDelayMs: number;
  readonly holdMs: number;
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
  const market = new PacedMarket(world);
  const samples: Sample[] = [];
  for (let now = world.fromMs; now <= world.untilMs; now += world.stepMs) {
    if (now > world.fromMs) market.spend(now);
    const sample = market.sample(now);
    if (sample !== null) samples.push(sample);
    market.beginDay(now);
    market.hear(now);
    const { wrongClock } = world;
    market.decide(wrongClock?.atMs === now ? now + wrongClock.aheadMs : now);
  }
  return samples;
}

class PacedMarket {
  private readonly random: SeededRandom;
  private readonly real: TrafficCurve;
  private readonly curve: TrafficCurve;
  /** What becomes known at a step, and of which day it is. */
  private readonly news = new Map<number, { micros: number; day: number }>();
  private decision: PaceDecision | null = null;
  private lastStep: number | null = null;
  private readonly spent = { inAll: 0, today: 0 };
  private readonly known = { inAll: 0, today: 0 };
  private readonly expected = new ExpectedClicks();
  private readonly coming: { readonly at: number; readonly decidedAt: number; readonly price: number }[] = [];
  private day = -Infinity;
  private drift = 0;
  private noiseUntil: number;

  constructor(private readonly world: PacedWorld) {
    this.random = new SeededRandom(String(world.seed));
    this.real = new TrafficCurve(world.timeZone, world.traffic, null);
    this.curve = new TrafficCurve(world.timeZone, world.planned, null);
    this.noiseUntil = world.fromMs;
  }

  /** The step that ends now: charges at random, as far as the budget goes, each known some time later. */
  spend(now: number): void {
    const { priceMicros, clicks } = this.world;
    this.click(now);
    const messages = poisson(this.random, this.expectedMicros(now) / (priceMicros * (2 / 3) * (clicks?.rate ?? 1)));
    for (let i = 0; i < messages; i++) {
      const price = Math.round(priceMicros * (1 / 3 + (this.random.next() * 2) / 3));
      if (clicks === null) this.charge(price, now);
      else this.show(price, clicks, now);
    }
  }

  /** As leases do: only where the next message leaves enough for those that were shown, and for one click. */
  private show(price: number, { rate, meanDelayMs, holdMs }: PaidClicks, now: number): void {
    const { priceMicros } = this.world;
    const message = { adGroupId: '', priceMicros: price, ctr: rate, decidedAt: now, expiresAt: now + holdMs };
    if (!this.isAffordable(Math.max(this.expected.keptMicros('', message), priceMicros))) return;
    this.expected.add(message);
    const delay = -meanDelayMs * Math.log(1 - this.random.next());
    if (this.random.chance(rate) && delay < holdMs) this.coming.push({ at: now + delay, decidedAt: now, price });
  }

  private click(now: number): void {
    for (const { at, decidedAt, price } of this.coming.filter((click) => click.at <= now)) {
      this.charge(price, now);
      this.expected.noteCharge('', price, decidedMinute(decidedAt), at);
    }
    this.coming.splice(0, Infinity, ...this.coming.filter(({ at }) => at > now));
    this.expected.ageTo(now);
  }

  private charge(price: number, now: number): void {
    const { delayMs, stepMs, timeZone } = this.world;
    if (!this.isAffordable(price)) return;
    this.spent.inAll += price;
    this.spent.today += price;
    const knownAt = Math.ceil((now + this.random.next() * delayMs) / stepMs) * stepMs;
    const news = this.news.get(knownAt) ?? { micros: 0, day: localDayStart(now - 1, timeZone) };
    news.micros += price;
    this.news.set(knownAt, news);
  }

  /** At the very end of a day it is that day that is looked at. */
  sample(now: number): Sample | null {
    if (this.decision === null) return null;
    const { plan, pace } = this.decision;
    const planned = plannedMicros(
      plan,
      { curve: this.curve, paysClicks: this.world.clicks !== null },
      Math.min(now, plan.endMs),
    );
    return { ms: now, spentMicros: this.periodSpent(this.spent), plannedMicros: planned, passShare: pace.passShare };
  }

  beginDay(now: number): void {
    const start = localDayStart(now, this.world.timeZone);
    if (start === this.day) return;
    this.day = start;
    this.spent.today = 0;
    this.known.today = 0;
  }

  hear(now: number): void {
    const news = this.news.get(now);
    if (news === undefined) return;
    this.known.inAll += news.micros;
    if (news.day === this.day) this.known.today += news.micros;
    this.news.delete(now);
  }

  decide(now: number): void {
    const { world, curve } = this;
    const lastStep = this.lastStep !== null && isMisdated(this.lastStep, now) ? null : this.lastStep;
    this.lastStep = now;
    if (now < world.startsAt || (world.endsAt !== null && now >= world.endsAt)) return;
    const { inAll: spentMicros, today: spentTodayMicros } = this.known;
    const campaign = {
      terms: { ...world, paysClicks: world.clicks !== null },
      curve,
      priceMicros: world.priceMicros,
      spentMicros,
      spentTodayMicros,
    };
    const next = decidePace(this.decision, campaign, now, lastStep);
    if (next !== null && replaces(next, this.decision)) this.decision = next;
  }

  private expectedMicros(now: number): number {
    const { world } = this;
    if (this.noiseUntil <= now) {
      this.drift = this.drift * 0.8 + world.noise * 0.6 * this.random.normal();
      this.noiseUntil += NOISE_MS;
    }
    const from = Math.max(now - world.stepMs, world.startsAt);
    const until = Math.min(now, world.endsAt ?? now);
    if (until <= from) return 0;
    const mass = this.real.massAt(until) - this.real.massAt(from);
    const left = world.outages.find((outage) => now > outage.fromMs && now <= outage.untilMs)?.left ?? 1;
    const share = this.decision?.pace.passShare ?? FIRST_PASS_SHARE;
    return share * left * mass * world.supplyMicros * Math.exp(this.drift);
  }

  private isAffordable(price: number): boolean {
    const { dailyMicros, totalMicros } = this.world;
    if (dailyMicros !== null && this.spent.today + price > dailyMicros) return false;
    return totalMicros === null || this.spent.inAll + price <= totalMicros;
  }

  private periodSpent({ inAll, today }: { readonly inAll: number; readonly today: number }): number {
    return this.world.dailyMicros === null ? inAll : today;
  }
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
