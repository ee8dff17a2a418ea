import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type ApiClient, ApiProblem } from '../api-client.js';
import { launchCampaigns } from '../launch-campaigns.js';
import type { OnProgress } from '../progress.js';
import { SeededRandom } from '../seeded-random.js';
import { uploadLines } from '../upload-lines.js';
import { CapWatch } from './cap-watch.js';
import { DayRhythm } from './day-rhythm.js';
import { MARKET_ZONE, planSimulation, SEGMENTS, type SimulatedCampaign } from './plan-simulation.js';
import { memberId, SimulatedTraffic } from './simulated-traffic.js';
import { SpendRecord } from './spend-record.js';

export interface SimulationOptions {
  readonly seed: number;
  readonly days: number;
  readonly members: number;
  /** Of one member in a day, on average. */
  readonly matchesADay: number;
  readonly stepMinutes: number;
  /** Epoch ms, a midnight in `MARKET_ZONE`. */
  readonly startsAt: number;
  readonly onProgress: OnProgress;
}

export interface AuditCheck {
  readonly name: string;
  readonly rule: string;
  readonly checked: number;
  readonly breaches: number;
}

export interface SimulationOutcome {
  readonly record: SpendRecord;
  readonly traffic: readonly { readonly at: number; readonly matches: number }[];
  readonly matches: number;
  readonly failedMatches: number;
  readonly impressions: number;
  readonly clicks: number;
  readonly refusedEvents: number;
  readonly capsBroken: number;
  /** Null: the instance has no audit. */
  readonly audit: readonly AuditCheck[] | null;
  /** Of the days alone, without what goes before. */
  readonly playedMs: number;
}

const DAY_MS = 86_400_000;
const SEOUL_OFFSET_MS = 9 * 3_600_000;
/** What is shown for one match where every place is filled and most is seen. */
const IMPRESSIONS_A_MATCH = 2.7;
/** After a step, so that what members saw a little after its end is in. */
const SETTLED_AFTER_MS = 5_000;
const ASK_EVERY_MS = 15;
const LONGEST_WAIT_MS = 120_000;

interface Throttle {
  readonly campaignId: string;
  readonly periodStartsAt: string;
  readonly plannedMicros: number;
  readonly spentMicros: number;
  readonly passShare: number;
}

/** Members, campaigns, then day after day in steps: traffic, settlement, a step of pacing. */
export async function runSimulation(client: ApiClient, options: SimulationOptions): Promise<SimulationOutcome> {
  const { seed, days, members, startsAt, onProgress } = options;
  const run = randomUUID().slice(0, 8);
  const before = client.at(startsAt - 60_000);
  await uploadMembers(before, options);
  const impressionsADay = members * options.matchesADay * IMPRESSIONS_A_MATCH;
  const { serving, campaigns } = planSimulation({ seed, run, startsAt, days, impressionsADay });
  const { campaignIds } = await launchCampaigns(before, serving, { name: `simulation-${run}`, onProgress });
  const simulation = new Simulation(client, options, run, campaignIds, campaigns);
  const startedAt = performance.now();
  await simulation.play();
  const playedMs = performance.now() - startedAt;
  return { ...(await simulation.finish()), playedMs };
}

class Simulation {
  private readonly record: SpendRecord;
  private readonly places: ReadonlyMap<string, number>;
  private readonly caps: CapWatch;
  private readonly traffic: SimulatedTraffic;
  private readonly rhythm: DayRhythm;
  private readonly random: SeededRandom;
  private readonly matches: { readonly at: number; readonly matches: number }[] = [];
  private readonly accepted = { impression: 0, click: 0 };

  constructor(
    private readonly client: ApiClient,
    private readonly options: SimulationOptions,
    run: string,
    private readonly campaignIds: readonly string[],
    private readonly campaigns: readonly SimulatedCampaign[],
  ) {
    const { seed, members } = options;
    this.record = new SpendRecord(campaigns);
    this.places = new Map(campaignIds.map((id, place) => [id, place]));
    this.caps = new CapWatch(
      new Map(campaigns.flatMap(({ cap }, place) => (cap === null ? [] : [[campaignIds[place] ?? '', cap] as const]))),
    );
    this.rhythm = new DayRhythm(seed, SEOUL_OFFSET_MS);
    this.random = new SeededRandom(`steps ${seed}`);
    this.traffic = new SimulatedTraffic(client, { seed, run, members, timeZone: MARKET_ZONE }, (event) => {
      this.accepted[event.type]++;
      if (event.type === 'impression') this.caps.add(event.campaignId, event.memberId, event.at);
    });
  }

  async play(): Promise<void> {
    const { startsAt, days, stepMinutes, members, matchesADay, onProgress } = this.options;
    const stepMs = stepMinutes * 60_000;
    const steps = Math.round((days * DAY_MS) / stepMs);
    await this.pace(startsAt);
    for (let step = 0; step < steps; step++) {
      const from = startsAt + step * stepMs;
      const until = from + stepMs;
      const expected = members * matchesADay * this.rhythm.share(from, until);
      const count = Math.max(Math.round(expected + Math.sqrt(expected) * this.random.normal()), 0);
      await this.traffic.play(count, from, until);
      await this.untilSettled(until);
      // What is looked at is the day that ends, not the one that begins.
      await this.pace(until - 1);
      this.matches.push({ at: until, matches: count });
      onProgress('Steps', step + 1, steps);
    }
  }

  async finish(): Promise<Omit<SimulationOutcome, 'playedMs'>> {
    await this.readPeriods();
    return {
      record: this.record,
      traffic: this.matches,
      matches: this.traffic.matches,
      failedMatches: this.traffic.failed,
      impressions: this.accepted.impression,
      clicks: this.accepted.click,
      refusedEvents: this.traffic.refusedEvents,
      capsBroken: this.caps.broken,
      audit: await readAudit(this.client.at(this.end + SETTLED_AFTER_MS)),
    };
  }

  private get end(): number {
    return this.options.startsAt + this.options.days * DAY_MS;
  }

  private async pace(at: number): Promise<void> {
    const client = this.client.at(at);
    await client.post('/v1/ops/pacing/run', { idempotent: true });
    for (const { campaignId, ...sample } of await client.listAll<Throttle>('/v1/ops/pacing')) {
      const place = this.places.get(campaignId);
      if (place !== undefined) this.record.samples[place]?.push({ at, ...sample });
    }
  }

  /** Waits until all events are in the reports, and notes the market's day as they tell it. */
  private async untilSettled(until: number): Promise<void> {
    const at = until + SETTLED_AFTER_MS;
    const dayStart = Math.floor((until - 1 + SEOUL_OFFSET_MS) / DAY_MS) * DAY_MS - SEOUL_OFFSET_MS;
    const path = reportPath({ from: dayStart, to: dayStart + DAY_MS, granularity: 'total', timeZone: MARKET_ZONE });
    const deadline = performance.now() + LONGEST_WAIT_MS;
    for (;;) {
      const { rows, asOf } = await this.client.at(at).get<Report>(path);
      if (Date.parse(asOf) >= at) return this.noteDay(until, rows);
      if (performance.now() > deadline)
        throw new Error(`Events are settled up to ${asOf} only, two minutes after the last.`);
      await pause(ASK_EVERY_MS);
    }
  }

  private noteDay(at: number, rows: Report['rows']): void {
    const spent = new Map(rows.map(({ campaign, spendMicros }) => [campaign, spendMicros]));
    for (const [place, id] of this.campaignIds.entries()) {
      this.record.daySpend[place]?.push({ at, spentMicros: spent.get(id) ?? 0 });
    }
  }

  /** Whole days of each campaign's own zone; the whole simulation for a total budget. */
  private async readPeriods(): Promise<void> {
    const { startsAt } = this.options;
    const client = this.client.at(this.end + SETTLED_AFTER_MS);
    for (const timeZone of new Set(this.campaigns.map((campaign) => campaign.timeZone))) {
      const span = { from: startsAt - DAY_MS, to: this.end + DAY_MS, timeZone };
      const daily = await client.get<Report>(reportPath({ ...span, granularity: 'day' }));
      const whole = await client.get<Report>(reportPath({ ...span, granularity: 'total' }));
      for (const [place, campaign] of this.campaigns.entries()) {
        if (campaign.timeZone !== timeZone) continue;
        const rows = (campaign.isDaily ? daily : whole).rows.filter((row) => row.campaign === this.campaignIds[place]);
        this.record.periods[place]?.push(
          ...rows.filter((row) => !campaign.isDaily || this.isWhole(row.time)).map((row) => row.spendMicros),
        );
      }
    }
  }

  /** A day that begins and ends within the simulation. */
  private isWhole(time: string | undefined): boolean {
    const start = Date.parse(time ?? '');
    return start >= this.options.startsAt && start + DAY_MS <= this.end;
  }
}

interface Report {
  readonly rows: readonly { readonly campaign: string; readonly spendMicros: number; readonly time?: string }[];
  readonly asOf: string;
}

function reportPath(of: { from: number; to: number; granularity: string; timeZone: string }): string {
  const query = new URLSearchParams({
    from: new Date(of.from).toISOString(),
    to: new Date(of.to).toISOString(),
    timeZone: of.timeZone,
    granularity: of.granularity,
    dimensions: 'campaign',
    metrics: 'spendMicros',
  });
  return `/v1/reports?${query.toString()}`;
}

async function uploadMembers(client: ApiClient, { seed, members, onProgress }: SimulationOptions): Promise<void> {
  const segments = SEGMENTS.map((id) => ({ id, name: { en: `Simulated ${id}`, ko: `모의 ${id}` } }));
  await uploadLines(client, '/v1/segments/bulk', segments, { step: 'Segments', total: segments.length, onProgress });
  const profiles = profilesOf(seed, members);
  await uploadLines(client, '/v1/profiles/bulk', profiles, { step: 'Members', total: members, onProgress });
}

function* profilesOf(seed: number, members: number): Generator<object, void, undefined> {
  for (let i = 0; i < members; i++) {
    const random = new SeededRandom(`member ${seed} ${i}`);
    const interests = random
      .sample(SEGMENTS, random.whole(2, 6))
      .map((id) => [id, random.stepped(0.1, 1, 0.1)] as const);
    yield {
      userId: memberId(i),
      interests: Object.fromEntries(interests),
      timeZone: MARKET_ZONE,
      attributes: {},
      consent: { personalized: true, nightTime: true },
    };
  }
}

async function readAudit(client: ApiClient): Promise<readonly AuditCheck[] | null> {
  try {
    return (await client.get<{ checks: readonly AuditCheck[] }>('/v1/ops/audit')).checks;
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 404) return null;
    throw error;
  }
}
