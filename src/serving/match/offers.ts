import type { Verdict } from '../../core/auction/select-winners.js';
import type { Scored } from '../../core/index/candidate.js';
import { MOST_LOOKS } from '../../core/index/block/work-bound.js';
import type { MatchRequest } from '../../core/index/match-request.js';
import { rankOrder } from '../../core/auction/rank-order.js';
import type { LiveIndex } from '../upkeep/live-index.js';

/** Beyond the wanted ones, at first. */
const SPARE_OFFERS = 4;
/** Measured with a hundred that are capped: six times as many each time took twice as long. */
const OFFER_GROWTH = 4;
/** In all: half as many as the state of a member lists impressions (state.lua); some 10 to 20 ms of the process. */
const MOST_OFFERED = 1_000;

/** Candidates in rank order that nothing but caps, load rules and each other can exclude. */
export interface Offer {
  readonly ranked: readonly Scored[];
  /** Nothing further is offered: what has room among these is placed. */
  readonly isLast: boolean;
}

/**
 * What a match offers to the caps, time and again until enough of it has room: nearly all requests need the first few
 * candidates only, and each that is offered costs some µs. An offer holds who won of the one before, and the next in rank order
 * that are not certain to be passed over: so the winners, their order and their prices are those of all that are eligible,
 * unless more than `MOST_OFFERED` are passed over, or the index took so long that a match may not ask again. What changes between
 * two offers (a bid, a decision elsewhere) counts for what is offered later.
 */
export class Offers {
  private most: number;
  private offered = 0;
  private cost = 0;
  private asked: MatchRequest;
  private winners: readonly Scored[] = [];
  /** Ids of ad groups and campaigns. */
  private readonly without: Set<string>;

  /** `without`: ids of ad groups that are not offered. */
  constructor(
    request: MatchRequest,
    wanted: number,
    private readonly index: Pick<LiveIndex, 'top' | 'cost'>,
    without: ReadonlySet<string> = new Set(),
  ) {
    this.asked = request;
    this.most = wanted + SPARE_OFFERS;
    this.without = new Set(without);
  }

  /** Not to be asked after the last. */
  next(): Offer {
    const { asked, winners, most, index } = this;
    const found = index.top(asked, most, this.without);
    this.offered += found.length;
    this.cost += index.cost;
    this.most = Math.min(most * OFFER_GROWTH, MOST_OFFERED - this.offered);
    return {
      // The index may have changed since who won was found in it.
      ranked: winners.length === 0 ? found : [...winners, ...found].sort(rankOrder(asked.seed)),
      isLast: found.length < most || this.offered >= MOST_OFFERED || this.cost + index.cost > MOST_LOOKS,
    };
  }

  /** Too few of what was offered have room. `verdicts`: of each. */
  passOver({ ranked }: Offer, verdicts: readonly Verdict[]): void {
    const { blockedAdvertisers, blockedCategories } = this.asked;
    const advertisers = new Set(blockedAdvertisers);
    this.winners = ranked.filter((_, i) => verdicts[i] === 'wins');
    for (const [i, { candidate }] of ranked.entries()) {
      const { id, campaignId, advertiserId } = candidate.record;
      const verdict = verdicts[i];
      this.without.add(id);
      if (verdict === 'campaign') this.without.add(campaignId);
      if (verdict === 'advertiser') advertisers.add(advertiserId);
    }
    const labels = this.winners.flatMap(({ candidate }) => candidate.record.categories);
    this.asked = {
      ...this.asked,
      blockedAdvertisers: advertisers,
      blockedCategories: new Set([...blockedCategories, ...labels]),
    };
  }
}
