import type { CapScope } from '../capping/cap-scope.js';
import type { AdGroupRecord } from '../index/ad-group-record.js';
import type { Scored } from '../index/candidate.js';
import type { LoadRoom } from './member-load.js';
import { type Contender, secondPriceMicros } from './price.js';

/**
 * Who wins the places of one list, and what each winner pays. Candidates are taken in rank order; each that is allowed
 * beside those taken before it wins, until all places are given. Allowed means:
 * - its frequency caps have room, the winners before it counted;
 * - no winner before it is of the same advertiser, unless the placement allows repeats;
 * - no winner before it shares a category label with it (competitive exclusion, whoever the advertisers are);
 * - its advertiser's load has room, the winners before it counted.
 * The member's load lowers the number of places. The runner-up is the first candidate that would win one place more.
 *
 * So the choice is greedy by rank: fewer places give the first of the same winners, and whoever ranks lower takes nothing
 * from whoever ranks higher; and who was passed over stays so, whoever follows. The decision in Redis (`hold.lua`) chooses
 * alike in one step with its holds; this function is what it is held to, and what explanations show.
 */
export interface AuctionRules {
  /** Places in the list. */
  readonly wanted: number;
  /** An advertiser may win several. */
  readonly allowsRepeats: boolean;
}

/**
 * What became of a candidate: it wins, or is passed over, and so is whatever else there is of the same ad group, campaign or
 * advertiser and did not win before. In the order in which `hold.lua` counts them, from 1.
 */
export const VERDICTS = ['wins', 'adGroup', 'campaign', 'advertiser'] as const;
export type Verdict = (typeof VERDICTS)[number];

export interface Selection {
  /** In rank order, at most `wanted`. */
  readonly winners: readonly Scored[];
  /** Sets the last winner's price; null: nobody else is allowed, or nobody wins. */
  readonly runnerUp: Scored | null;
  /** Of the candidates before the runner-up, in rank order; of all where there is none. */
  readonly verdicts: readonly Verdict[];
}

/** The scope of a frequency cap that binds `record` and is full once `winners` have been placed as well; null: none is. */
export type FullScopeOf = (record: AdGroupRecord, winners: readonly Scored[]) => CapScope | null;

/**
 * @param ranked in rank order, candidates that nothing but caps, load and each other can exclude
 * @param room what the load rules leave before this decision
 *
 * O(ranked × winners × labels), and calls `fullScopeOf` only for those that pass the other checks.
 */
export function selectWinners(
  ranked: readonly Scored[],
  rules: AuctionRules,
  room: LoadRoom,
  fullScopeOf: FullScopeOf,
): Selection {
  const places = Math.min(rules.wanted, room.member);
  const winners: Scored[] = [];
  const verdicts: Verdict[] = [];
  if (places <= 0) return { winners, runnerUp: null, verdicts };
  for (const scored of ranked) {
    const { record } = scored.candidate;
    const objection = objectionTo(record, winners, rules.allowsRepeats, room);
    const verdict = objection ?? verdictOf(fullScopeOf(record, winners));
    if (verdict === 'wins' && winners.length === places) return { winners, runnerUp: scored, verdicts };
    if (verdict === 'wins') winners.push(scored);
    verdicts.push(verdict);
  }
  return { winners, runnerUp: null, verdicts };
}

/** Of a candidate that stands beside those who won before it. */
function verdictOf(fullScope: CapScope | null): Verdict {
  if (fullScope === null) return 'wins';
  return fullScope === 'campaign' || fullScope === 'advertiser' ? fullScope : 'adGroup';
}

/**
 * The winners' prices, whole micros of each one's currency for the event that it pays for: set by the winner that follows,
 * the last one's by the runner-up. `floorMicros`: the placement's, base micros per 1,000 impressions.
 */
export function pricesOf({ winners, runnerUp }: Selection, floorMicros: number): readonly number[] {
  return winners.map((winner, i) => {
    const next = winners[i + 1] ?? runnerUp;
    return secondPriceMicros(contenderOf(winner), next?.score ?? null, floorMicros);
  });
}

export function contenderOf({ candidate, relevance, pacing }: Scored): Contender {
  return { bid: candidate.record.bid, rate: candidate.rate, ctr: candidate.ctr, quality: relevance * pacing };
}

function objectionTo(
  record: AdGroupRecord,
  winners: readonly Scored[],
  allowsRepeats: boolean,
  room: LoadRoom,
): Verdict | null {
  let ofAdvertiser = 0;
  let sharesLabel = false;
  for (const { candidate } of winners) {
    if (candidate.record.advertiserId === record.advertiserId) ofAdvertiser += 1;
    sharesLabel ||= candidate.record.categories.some((category) => record.categories.includes(category));
  }
  if (ofAdvertiser > 0 && !allowsRepeats) return 'advertiser';
  if (ofAdvertiser >= room.ofAdvertiser(record.advertiserId)) return 'advertiser';
  return sharesLabel ? 'adGroup' : null;
}
