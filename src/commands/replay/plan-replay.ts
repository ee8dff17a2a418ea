import {
  type AdGroupPlan,
  type CampaignPlan,
  type CreativePlan,
  type FrequencyCapPlan,
  micros,
  type ServingPlan,
  type TargetingPlan,
} from '../campaign-plan.js';
import { SeededRandom } from '../seeded-random.js';
import { segmentOf } from './log-facts.js';

/**
 * The advertisers and campaigns of a replay: targeting over what the log's requests are about and where they come from,
 * cpm and cpc bids, caps of all kinds, budgets of which some run out. The same seed and log give the same plan.
 */
export interface ReplayPlanInput {
  readonly seed: number;
  /** Tells the replays of one instance apart, in the advertisers' names. */
  readonly run: number;
  /** Epoch ms; the campaigns are live from then on. */
  readonly startsAt: number;
  readonly advertisers: number;
  readonly adGroups: number;
  /** All three most frequent first. */
  readonly verticals: readonly number[];
  readonly regions: readonly string[];
  readonly systems: readonly string[];
}

const NAMES = [
  ['Amber', 'Quiet', 'North', 'Silver', 'Maple', 'Velvet', 'Copper', 'Meadow'],
  ['Harbor', 'Lantern', 'Orchard', 'Bridge', 'Kettle'],
] as const;
const TIME_ZONES = ['America/New_York', 'America/Chicago', 'America/Los_Angeles', 'America/Toronto', 'Asia/Seoul'];
const CALLS = ['Learn more', 'Shop now', 'See the offer', 'Sign up'];
/** Won for a dollar: the plan's amounts are thought of in dollars. */
const WON = 1_400;
const DAY_MS = 86_400_000;

const CAPS: readonly (readonly [readonly FrequencyCapPlan[], number])[] = [
  [[], 30],
  [[{ limit: 3, window: { length: 1, unit: 'day', kind: 'calendar' } }], 20],
  [[{ limit: 1, window: { length: 10, unit: 'minute', kind: 'rolling' } }], 15],
  [[{ limit: 2, window: { length: 1, unit: 'hour', kind: 'rolling' } }], 15],
  [[{ limit: 5, window: { length: 1, unit: 'week', kind: 'calendar' } }], 10],
  [[{ limit: 4, window: 'lifetime' }], 10],
];

/** The open ad group at the end of the last campaign is one of them. */
export function planReplay(input: ReplayPlanInput): ServingPlan {
  const random = new SeededRandom(`replay ${input.seed}`);
  const advertisers = Array.from({ length: input.advertisers }, (_, i) => planAdvertiser(input, i, random));
  const campaigns: CampaignPlan[] = [];
  for (let i = 0; i < input.advertisers; i++) {
    const until = Math.floor(((input.adGroups - 1) * (i + 1)) / input.advertisers);
    let left = until - Math.floor(((input.adGroups - 1) * i) / input.advertisers);
    while (left > 0) {
      const adGroups = Math.min(left, random.whole(2, 5));
      campaigns.push(planCampaign(input, i, adGroups, random));
      left -= adGroups;
    }
  }
  return { advertisers, campaigns: [...campaigns, planOpenCampaign(input)] };
}

function planAdvertiser(
  { run }: ReplayPlanInput,
  index: number,
  random: SeededRandom,
): ServingPlan['advertisers'][number] {
  const inWon = index % 4 === 3;
  // Some can't pay for all that they would win.
  const dollars = random.chance(0.1) ? random.whole(1, 3) : random.whole(50, 500);
  return {
    name: `Replay ${run}: ${brandOf(index)}`,
    currency: inWon ? 'KRW' : 'USD',
    timeZone: random.pick(TIME_ZONES),
    creditMicros: micros(inWon ? dollars * WON : dollars),
  };
}

function planCampaign(
  input: ReplayPlanInput,
  advertiser: number,
  adGroups: number,
  random: SeededRandom,
): CampaignPlan {
  const unit = advertiser % 4 === 3 ? WON : 1;
  const model = random.chance(0.7) ? 'cpm' : 'cpc';
  // A third of the budgets are a few hundred messages' worth; a click must always be affordable.
  const dollars = random.chance(1 / 3) ? random.stepped(1, 4, 0.5) : random.stepped(10, 80, 5);
  const totalMicros = micros(dollars * unit);
  const isEven = random.chance(0.4);
  return {
    advertiser,
    name: `${brandOf(advertiser)} ${model} ${random.whole(100, 999)}`,
    startsAt: new Date(input.startsAt).toISOString(),
    ...(random.chance(0.5) ? { endsAt: new Date(input.startsAt + 60 * DAY_MS).toISOString() } : {}),
    budget: { totalMicros, ...(isEven ? { dailyMicros: Math.ceil(totalMicros / 2) } : {}) },
    pacing: isEven ? 'even' : 'asap',
    frequencyCaps: random.weighted(CAPS),
    adGroups: Array.from({ length: adGroups }, (_, i) =>
      planAdGroup(input, { advertiser, model, unit, number: i + 1 }, random),
    ),
  };
}

function planAdGroup(
  input: ReplayPlanInput,
  of: { advertiser: number; model: 'cpm' | 'cpc'; unit: number; number: number },
  random: SeededRandom,
): AdGroupPlan {
  const dollars = of.model === 'cpm' ? random.stepped(0.8, 6, 0.1) : random.stepped(0.08, 0.6, 0.02);
  const caps = random.weighted(CAPS);
  return {
    name: `Ad group ${of.number}`,
    targeting: planTargeting(input, random),
    bid: { model: of.model, amountMicros: micros(dollars * of.unit) },
    ...(random.chance(0.4) && caps.length > 0 ? { frequencyCaps: caps } : {}),
    creatives: Array.from({ length: random.whole(1, 2) }, () => planCreative(of.advertiser, random)),
  };
}

type Aim =
  'vertical' | 'verticals' | 'verticalInRegion' | 'verticalElsewhere' | 'region' | 'system' | 'desktop' | 'open';

const AIMS: readonly (readonly [Aim, number])[] = [
  ['vertical', 34],
  ['verticals', 22],
  ['verticalInRegion', 8],
  ['verticalElsewhere', 6],
  ['region', 14],
  ['system', 6],
  ['desktop', 5],
  ['open', 5],
];

function planTargeting({ verticals, regions, systems }: ReplayPlanInput, random: SeededRandom): TargetingPlan {
  const vertical = zipfOf(verticals, random);
  const region = zipfOf(regions, random);
  const system = zipfOf(systems, random);
  const segment = vertical === null ? null : segmentOf(vertical);
  const aim = random.weighted(AIMS);
  if (segment !== null) {
    switch (aim) {
      case 'vertical':
        return { segment, minWeight: random.stepped(0, 0.4, 0.1) };
      case 'verticals':
        return {
          segments: [...new Set(Array.from({ length: random.whole(2, 8) }, () => zipfOf(verticals, random) ?? 0))].map(
            segmentOf,
          ),
        };
      case 'verticalInRegion':
        return region === null ? { segment } : { all: [{ segment }, { region: [region] }] };
      case 'verticalElsewhere':
        return region === null ? { segment } : { all: [{ segment }, { not: { region: [region] } }] };
      default:
    }
  }
  if (aim === 'system' && system !== null) return { any: [{ os: [system] }, { deviceType: ['tablet', 'phone'] }] };
  if (aim === 'desktop') return { all: [{ deviceType: ['desktop'] }, { not: { country: ['CA'] } }] };
  if (aim === 'open' || region === null) return {};
  return { region: random.sample(regions, random.whole(1, 4)) };
}

function planOpenCampaign(input: ReplayPlanInput): CampaignPlan {
  const advertiser = input.advertisers - 1;
  return {
    advertiser,
    name: `${brandOf(advertiser)} for everybody`,
    startsAt: new Date(input.startsAt).toISOString(),
    budget: {},
    pacing: 'asap',
    frequencyCaps: [],
    adGroups: [
      {
        name: 'Everybody',
        targeting: {},
        bid: { model: 'cpm', amountMicros: micros(advertiser % 4 === 3 ? 0.5 * WON : 0.5) },
        creatives: [planCreative(advertiser, new SeededRandom(`replay ${input.seed} open`))],
      },
    ],
  };
}

function planCreative(advertiser: number, random: SeededRandom): CreativePlan {
  const brand = brandOf(advertiser);
  return {
    senderName: brand,
    title: `${brand} has something for you`,
    body: `Offer ${random.whole(100, 999)}, only this week.`,
    callToAction: random.pick(CALLS),
    landingUrl: `https://example.com/${brand.toLowerCase().replaceAll(' ', '-')}`,
  };
}

function brandOf(index: number): string {
  const [first, second] = NAMES;
  const number = Math.floor(index / (first.length * second.length));
  const name = `${first[index % first.length]} ${second[Math.floor(index / first.length) % second.length]}`;
  return number === 0 ? name : `${name} ${number + 1}`;
}

function zipfOf<T>(items: readonly T[], random: SeededRandom): T | null {
  return items.length === 0 ? null : (items[random.zipf(items.length)] ?? null);
}
