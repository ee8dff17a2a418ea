/** Campaigns as a generator plans them: bodies of the API, with the advertiser by its place in the plan. */
export interface ServingPlan {
  readonly advertisers: readonly AdvertiserPlan[];
  /**
   * The last one's first ad group must be open to every request (no targeting, day parts, caps or even pacing), since
   * whether it serves tells whether all serve.
   */
  readonly campaigns: readonly CampaignPlan[];
}

export interface AdvertiserPlan {
  readonly name: string;
  readonly currency: 'KRW' | 'USD';
  readonly timeZone: string;
  readonly creditMicros: number;
}

export interface CampaignPlan {
  /** Index into the plan's advertisers. */
  readonly advertiser: number;
  readonly name: string;
  readonly startsAt: string;
  readonly endsAt?: string;
  readonly budget: { readonly totalMicros?: number; readonly dailyMicros?: number };
  readonly pacing: 'even' | 'asap';
  readonly frequencyCaps: readonly FrequencyCapPlan[];
  readonly adGroups: readonly AdGroupPlan[];
}

export interface FrequencyCapPlan {
  readonly limit: number;
  readonly window:
    | 'lifetime'
    | {
        readonly length: number;
        readonly unit: 'minute' | 'hour' | 'day' | 'week';
        readonly kind: 'rolling' | 'calendar';
      };
}

export interface AdGroupPlan {
  readonly name: string;
  readonly targeting: TargetingPlan;
  readonly bid: { readonly model: 'cpm' | 'cpc'; readonly amountMicros: number };
  readonly frequencyCaps?: readonly FrequencyCapPlan[];
  readonly dailyBudgetMicros?: number;
  readonly dayParts?: DayPartsPlan;
  readonly creatives: readonly CreativePlan[];
}

export interface DayPartsPlan {
  readonly clock: 'advertiser' | 'member';
  readonly windows: readonly { readonly days: readonly string[]; readonly from: string; readonly to: string }[];
}

export interface CreativePlan {
  readonly senderName: string;
  readonly title: string;
  readonly body: string;
  readonly callToAction: string;
  readonly landingUrl: string;
  readonly language?: string;
}

/** A targeting expression in its wire form. */
export type TargetingPlan = Readonly<Record<string, unknown>>;

/** Money of a plan is thought of in whole units; the API takes micros. */
export function micros(units: number): number {
  return Math.round(units * 1_000_000);
}
