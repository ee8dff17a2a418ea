import type { DayParts } from '../calendar/day-parts.js';
import type { FrequencyCap } from '../capping/frequency-cap.js';
import type { Targeting } from '../targeting/expression.js';

/**
 * One ad group with all that matching reads of it, its campaign and its advertiser: the unit that the candidate index
 * holds. Times are epoch ms, intervals half-open, money whole micros of `currency`.
 */
export interface AdGroupRecord {
  readonly id: string;
  readonly campaignId: string;
  readonly advertiserId: string;
  /** Only `active` campaigns serve. */
  readonly campaignStatus: 'draft' | 'active' | 'paused' | 'archived';
  readonly startsAt: number;
  readonly endsAt: number | null;
  /** The advertiser's zone: budget days, calendar caps and day parts on the advertiser's clock follow it. */
  readonly timeZone: string;
  readonly currency: string;
  readonly targeting: Targeting;
  readonly bid: Bid;
  readonly adGroupCaps: readonly FrequencyCap[];
  readonly campaignCaps: readonly FrequencyCap[];
  readonly advertiserCaps: readonly FrequencyCap[];
  readonly dayParts: DayParts | null;
  readonly budgets: Budgets;
  readonly pacing: 'even' | 'asap';
  /** Labels of what is advertised; two messages of one list never share one, and a request may block some. */
  readonly categories: readonly string[];
  /** Approved creatives only, in the order of their creation. */
  readonly creatives: readonly CreativeRecord[];
}

/** `cpm`: micros for 1,000 impressions; `cpc`: micros for a click. */
export interface Bid {
  readonly model: 'cpm' | 'cpc';
  readonly amountMicros: number;
}

/** `null`: not limited. Days are the advertiser's. */
export interface Budgets {
  readonly campaignTotalMicros: number | null;
  readonly campaignDailyMicros: number | null;
  readonly adGroupDailyMicros: number | null;
}

export interface CreativeRecord {
  readonly id: string;
  readonly senderName: string;
  readonly title: string;
  readonly body: string;
  readonly imageUrl: string | null;
  readonly callToAction: string;
  readonly landingUrl: string;
  /** BCP 47; null suits every language. */
  readonly language: string | null;
  readonly caps: readonly FrequencyCap[];
}
