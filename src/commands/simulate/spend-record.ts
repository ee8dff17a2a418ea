import type { SimulatedCampaign } from './plan-simulation.js';

/** What was spent of a simulation's campaigns and what was planned, over its days; and the figures that it is judged by. */
export interface PlanSample {
  /** Epoch ms. */
  readonly at: number;
  /** ISO: the plan's period, in which the amounts below are. */
  readonly periodStartsAt: string;
  readonly plannedMicros: number;
  readonly spentMicros: number;
  readonly passShare: number;
}

export interface KindFigures {
  readonly kind: string;
  readonly campaigns: number;
  readonly pacing: 'even' | 'asap';
  /** Spend less plan where that was farthest from 0, of the daily budget; null where nothing is planned. */
  readonly farthestFromPlan: number | null;
  /**
   * In which share of requests pacing let that campaign take part, on average of the steps in the hour before, in the same
   * period; 1: it held nothing back. Null where there were none.
   */
  readonly passShareBefore: number | null;
  /** Spend of a whole day over its budget, least and most of all days and campaigns; of a total budget at the end. */
  readonly leastSpent: number | null;
  readonly mostSpent: number | null;
}

interface Distance {
  readonly place: number;
  readonly sample: PlanSample;
  /** Spend less plan, of the daily budget. */
  readonly share: number;
}

const HOUR_MS = 3_600_000;

export class SpendRecord {
  /** By the campaign's place in the plan. */
  readonly samples: PlanSample[][];
  /** Spend on each day of the campaign's zone that lies within the simulation; for a total budget, of all days together. */
  readonly periods: number[][];
  /** Spend of the market's day so far, by step: for plots of campaigns without a plan. */
  readonly daySpend: { readonly at: number; readonly spentMicros: number }[][];

  constructor(readonly campaigns: readonly SimulatedCampaign[]) {
    this.samples = campaigns.map(() => []);
    this.periods = campaigns.map(() => []);
    this.daySpend = campaigns.map(() => []);
  }

  /** One line a kind, in the order of the plan. */
  figures(days: number): readonly KindFigures[] {
    const kinds = [...new Set(this.campaigns.map(({ kind }) => kind))];
    return kinds.map((kind) => {
      const places = [...this.campaigns.keys()].filter((place) => this.campaigns[place]?.kind === kind);
      const shares = places.flatMap((place) => this.sharesSpent(place, days));
      const [farthest] = places.flatMap((place) => this.distances(place)).toSorted(byDistance);
      return {
        kind,
        campaigns: places.length,
        pacing: this.campaigns[places[0] ?? 0]?.pacing ?? 'asap',
        farthestFromPlan: farthest?.share ?? null,
        passShareBefore: farthest === undefined ? null : this.passShareBefore(farthest),
        leastSpent: shares.length === 0 ? null : Math.min(...shares),
        mostSpent: shares.length === 0 ? null : Math.max(...shares),
      };
    });
  }

  private distances(place: number): readonly Distance[] {
    const budget = this.campaigns[place]?.dayBudgetMicros ?? null;
    if (budget === null) return [];
    return (this.samples[place] ?? []).map((sample) => ({
      place,
      sample,
      share: (sample.spentMicros - sample.plannedMicros) / budget,
    }));
  }

  private passShareBefore({ place, sample: { at, periodStartsAt } }: Distance): number | null {
    const from = Math.max(at - HOUR_MS, Date.parse(periodStartsAt));
    const before = (this.samples[place] ?? []).filter((sample) => sample.at >= from && sample.at < at);
    return before.length === 0 ? null : before.reduce((sum, { passShare }) => sum + passShare, 0) / before.length;
  }

  private sharesSpent(place: number, days: number): readonly number[] {
    const campaign = this.campaigns[place];
    if (campaign === undefined || campaign.dayBudgetMicros === null) return [];
    const budget = campaign.dayBudgetMicros * (campaign.isDaily ? 1 : days);
    return (this.periods[place] ?? []).map((spent) => spent / budget);
  }
}

function byDistance(a: Distance, b: Distance): number {
  return Math.abs(b.share) - Math.abs(a.share);
}
