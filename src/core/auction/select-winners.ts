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
 * from whoever ranks higher. The decision in Redis (`hold.lua`) chooses alike in one step with its holds; this function is
 * what it is held to, and what explanations show.
 */
export interface AuctionRules {
  /** Places in the list. */
  readonly wanted: number;
  /** An advertiser may win several. */
  readonly allowsRepeats: boolean;
}

export interface Selection {
  /** In rank order, at most `wanted`. */
  readonly winners: readonly Scored[];
  /** Sets the last winner's price; null: nobody else is allowed, or nobody wins. */
  readonly runnerUp: Scored | null;
}

/** Whether the frequency caps that bind `record` are full once `winners` have been placed as well. */
export type IsCapped = (record: AdGroupRecord, winners: readonly Scored[]) => boolean;

/**
 * @param ranked in rank order, candidates that nothing but caps, load and each other can exclude
 * @param room what the load rules leave before this decision
 *
 * O(ranked × winners × labels), and calls `isCapped` only for those that pass the other checks.
 */
export function selectWinners(
  ranked: readonly Scored[],
  rules: AuctionRules,
  room: LoadRoom,
  isCapped: IsCapped,
): Selection {
  const places = Math.min(rules.wanted, room.member);
  const winners: Scored[] = [];
  if (places <= 0) return { winners, runnerUp: null };
  for (const scored of ranked) {
    const { record } = scored.candidate;
    if (!standsBeside(record, winners, rules.allowsRepeats, room) || isCapped(record, winners)) continue;
    if (winners.length === places) return { winners, runnerUp: scored };
    winners.push(scored);
  }
  return { winners, runnerUp: null };
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

function standsBeside(
  record: AdGroupRecord,
  winners: readonly Scored[],
  allowsRepeats: boolean,
  room: LoadRoom,
): boolean {
  let ofAdvertiser = 0;
  for (const { candidate } of winners) {
    if (candidate.record.advertiserId === record.advertiserId) ofAdvertiser += 1;
    if (candidate.record.categories.some((category) => record.categories.includes(category))) return false;
  }
  if (ofAdvertiser > 0 && !allowsRepeats) return false;
  return ofAdvertiser < room.ofAdvertiser(record.advertiserId);
}
