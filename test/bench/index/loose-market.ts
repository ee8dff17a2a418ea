/**
 * The market at which a scan by bounds does worst: every score lies far below its bound, so that many ad groups whose bounds
 * are high have to be looked at before the best are known. The bound is the eCPM, in which the predicted CTR is already; what
 * it takes at the highest are relevance and pacing. So members hold what expressions name weakly or not at all (relevance at
 * most 0.55, not 1), and all campaigns are paced evenly, with factors that say nothing of the bound.
 */
import { SeededRandom } from '../../../src/commands/seeded-random.js';
import type { AdGroupRecord } from '../../../src/core/index/ad-group-record.js';
import type { Pacing } from '../../../src/core/index/match-request.js';
import { LEAST_RANK_FACTOR } from '../../../src/core/pacing/rank-factor.js';
import { Market, MarketMoney, numberOf, passShareOf, type Shape } from '../market.js';

/** Predicted CTRs lie between these, each order of magnitude as likely as the next. */
const LOWEST_CTR = 0.001;
const CTR_SPREAD = 100;
/** Hundredths. */
const STRONGEST_WEIGHT = 10;
/** Of `Market`'s bids: the price of a thousand impressions in prices of a click. */
const CPM_OF_CPC = 10;

export class LooseMarket extends Market {
  private readonly draws: SeededRandom;

  constructor(seed: string, now: number, shape: Shape) {
    super(seed, now, shape);
    this.draws = new SeededRandom(`${seed} loose`);
  }

  /** By clicks, so that the spread of CTRs is that of the bounds, too. */
  override adGroup(i: number): AdGroupRecord {
    const record = super.adGroup(i);
    const { model, amountMicros } = record.bid;
    const clickMicros = model === 'cpc' ? amountMicros : Math.round(amountMicros / CPM_OF_CPC);
    return { ...record, pacing: 'even', bid: { model: 'cpc', amountMicros: clickMicros } };
  }

  override ctr(): number {
    return LOWEST_CTR * CTR_SPREAD ** this.draws.next();
  }

  override interests(): Map<string, number> {
    return new Map([...super.interests().keys()].map((id) => [id, this.draws.whole(1, STRONGEST_WEIGHT) / 100]));
  }
}

/** Factors evenly over [`LEAST_RANK_FACTOR`, 1], whatever share of the requests a campaign takes part in. */
export class LooseMoney extends MarketMoney {
  override pacing = (record: AdGroupRecord): Pacing => {
    const kept = ((numberOf(record) * 37) % 101) / 100;
    return { passShare: passShareOf(record), rankFactor: LEAST_RANK_FACTOR + (1 - LEAST_RANK_FACTOR) * kept };
  };
}
