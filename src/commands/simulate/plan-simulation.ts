import { nextLocalDayStart } from '../../core/calendar/local-day.js';
import { PRIOR_CTR } from '../../core/scoring/score.js';
import {
  type AdGroupPlan,
  type CampaignPlan,
  type FrequencyCapPlan,
  micros,
  type ServingPlan,
} from '../campaign-plan.js';
import { SeededRandom } from '../seeded-random.js';

/**
 * Campaigns of all kinds that share the market of a simulation. Budgets are shares of what the market shows in a day, so
 * that a small simulation is like a large one: there is enough demand for every budget to be spent.
 */
export interface SimulationPlanInput {
  readonly seed: number;
  /** Tells the simulations of one instance apart. */
  readonly run: string;
  /** Epoch ms, a midnight in `MARKET_ZONE`; the campaigns begin then. */
  readonly startsAt: number;
  readonly days: number;
  /** Impressions that are expected in a day. */
  readonly impressionsADay: number;
}

export interface SimulatedCampaign {
  readonly kind: string;
  readonly pacing: 'even' | 'asap';
  readonly timeZone: string;
  /** Micros; of a total budget the equal share of a day. Null: only the balance limits it. */
  readonly dayBudgetMicros: number | null;
  readonly isDaily: boolean;
  readonly cap: { readonly limit: number; readonly windowMs: number } | null;
}

export interface SimulationPlan {
  readonly serving: ServingPlan;
  /** In the order of `serving.campaigns`. */
  readonly campaigns: readonly SimulatedCampaign[];
}

export const MARKET_ZONE = 'Asia/Seoul';
export const SEGMENTS = Array.from({ length: 12 }, (_, i) => `sim.s${String(i).padStart(2, '0')}`);
/** Of the simulated members: what is predicted before anything is known, so that the bids make ranks from the first hour on. */
export const CLICK_RATE = PRIOR_CTR;

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** Won for 1,000 impressions, and for a click: as much an impression. */
const CPM = 5_000;
const CPC = CPM / 1_000 / CLICK_RATE;
/**
 * Times these prices. Even campaigns bid more, so that the traffic of all hours is theirs to take: with less of it no pacing
 * keeps a plan. More by half, because predictions follow chance: after few clicks, a campaign was predicted three quarters of
 * its true rate for hours, and outbid.
 */
const BIDS = { even: [1.4, 1.8], asap: [0.8, 1] } as const;

interface Kind {
  readonly kind: string;
  readonly count: number;
  readonly pacing: 'even' | 'asap';
  readonly model: 'cpm' | 'cpc';
  /** The budget of a day would buy so much of the market's day at `CPM`. */
  readonly share: number;
  readonly isDaily: boolean;
  readonly timeZone?: string;
  readonly isCapped?: boolean;
  readonly hasDayParts?: boolean;
  readonly hasSegment?: boolean;
}

const KINDS: readonly Kind[] = [
  { kind: 'even, cpm, daily, large', count: 3, pacing: 'even', model: 'cpm', share: 0.0375, isDaily: true },
  { kind: 'even, cpm, daily, small', count: 3, pacing: 'even', model: 'cpm', share: 0.01, isDaily: true },
  { kind: 'even, cpc, daily', count: 2, pacing: 'even', model: 'cpc', share: 0.15, isDaily: true },
  { kind: 'even, cpm, total', count: 2, pacing: 'even', model: 'cpm', share: 0.025, isDaily: false },
  {
    kind: 'even, cpm, daily, segment',
    count: 2,
    pacing: 'even',
    model: 'cpm',
    share: 0.0125,
    isDaily: true,
    hasSegment: true,
  },
  {
    kind: 'even, cpm, daily, capped',
    count: 2,
    pacing: 'even',
    model: 'cpm',
    share: 0.025,
    isDaily: true,
    isCapped: true,
  },
  {
    kind: 'even, cpm, 09-18h',
    count: 1,
    pacing: 'even',
    model: 'cpm',
    share: 0.0125,
    isDaily: true,
    hasDayParts: true,
  },
  {
    kind: 'even, cpm, half-hour zone',
    count: 1,
    pacing: 'even',
    model: 'cpm',
    share: 0.019,
    isDaily: true,
    timeZone: 'Asia/Kolkata',
  },
  { kind: 'asap, cpm, daily', count: 2, pacing: 'asap', model: 'cpm', share: 0.027, isDaily: true },
  { kind: 'asap, cpc, daily', count: 2, pacing: 'asap', model: 'cpc', share: 0.054, isDaily: true },
  {
    kind: 'asap, cpm, total, capped',
    count: 1,
    pacing: 'asap',
    model: 'cpm',
    share: 0.027,
    isDaily: false,
    isCapped: true,
  },
];

const CAP: FrequencyCapPlan = { limit: 3, window: { length: 12, unit: 'hour', kind: 'rolling' } };

/** Each campaign is an advertiser's own. The last one is open to every request, at a low bid, without a budget. */
export function planSimulation(input: SimulationPlanInput): SimulationPlan {
  const random = new SeededRandom(`simulation ${input.seed}`);
  const kinds = KINDS.flatMap((kind) => Array.from({ length: kind.count }, () => kind));
  const planned = kinds.map((kind, i) => planOne(input, kind, i, random));
  const open = planOpen(input, kinds.length);
  const all = [...planned, open];
  return {
    serving: {
      advertisers: all.map(({ simulated: { kind, timeZone } }, i) => ({
        name: `Simulation ${input.run}: ${kind} ${i}`,
        currency: 'KRW' as const,
        timeZone,
        creditMicros: micros(1_000_000_000),
      })),
      campaigns: all.map(({ plan }) => plan),
    },
    campaigns: all.map(({ simulated }) => simulated),
  };
}

interface Planned {
  readonly plan: CampaignPlan;
  readonly simulated: SimulatedCampaign;
}

function planOne(
  { startsAt, days, impressionsADay }: SimulationPlanInput,
  of: Kind,
  i: number,
  random: SeededRandom,
): Planned {
  const unit = of.model === 'cpm' ? CPM : CPC;
  const timeZone = of.timeZone ?? MARKET_ZONE;
  const [least, most] = BIDS[of.pacing];
  const bid = Math.round(unit * (least + (most - least) * random.next()));
  const dayBudget = Math.max((of.share * impressionsADay * CPM) / 1_000, bid);
  const dayBudgetMicros = micros(Math.round(dayBudget));
  const adGroup: AdGroupPlan = {
    ...adGroupOf(of.kind, of.model, bid),
    ...(of.hasSegment === true ? { targeting: { segment: SEGMENTS[i % SEGMENTS.length] } } : {}),
    ...(of.hasDayParts === true ? { dayParts: WORKING_HOURS } : {}),
  };
  return {
    plan: {
      advertiser: i,
      name: of.kind,
      // Its first day is a whole one.
      startsAt: new Date(nextLocalDayStart(startsAt - 1, timeZone)).toISOString(),
      endsAt: new Date(startsAt + days * DAY_MS).toISOString(),
      budget: of.isDaily ? { dailyMicros: dayBudgetMicros } : { totalMicros: days * dayBudgetMicros },
      pacing: of.pacing,
      frequencyCaps: of.isCapped === true ? [CAP] : [],
      adGroups: [adGroup],
    },
    simulated: {
      kind: of.kind,
      pacing: of.pacing,
      timeZone,
      dayBudgetMicros,
      isDaily: of.isDaily,
      cap: of.isCapped === true ? { limit: CAP.limit, windowMs: 12 * HOUR_MS } : null,
    },
  };
}

const WORKING_HOURS = {
  clock: 'advertiser' as const,
  windows: [{ days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], from: '09:00', to: '18:00' }],
};

function planOpen({ startsAt }: SimulationPlanInput, advertiser: number): Planned {
  const kind = 'asap, cpm, no budget';
  return {
    plan: {
      advertiser,
      name: kind,
      startsAt: new Date(startsAt - DAY_MS).toISOString(),
      budget: {},
      pacing: 'asap',
      frequencyCaps: [],
      adGroups: [adGroupOf(kind, 'cpm', CPM / 2)],
    },
    simulated: { kind, pacing: 'asap', timeZone: MARKET_ZONE, dayBudgetMicros: null, isDaily: false, cap: null },
  };
}

function adGroupOf(name: string, model: 'cpm' | 'cpc', bid: number): AdGroupPlan {
  return {
    name,
    targeting: {},
    bid: { model, amountMicros: micros(bid) },
    creatives: [
      {
        senderName: '모의 광고주',
        title: name,
        body: '모의 시험용 메시지입니다.',
        callToAction: '자세히',
        landingUrl: 'https://example.com/simulation',
      },
    ],
  };
}
