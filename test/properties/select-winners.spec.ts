import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { loadRoom, type LoadRoom } from '../../src/core/auction/member-load.js';
import { highestPriceMicros } from '../../src/core/auction/price.js';
import {
  contenderOf,
  type FullScopeOf,
  pricesOf,
  type Selection,
  selectWinners,
} from '../../src/core/auction/select-winners.js';
import type { Scored } from '../../src/core/index/candidate.js';
import { SUNDAY_NOON } from './arbitraries/candidates.js';
import {
  advertiserOf,
  arbitraryLoadRules,
  arbitraryMessages,
  arbitraryRanked,
  categoriesOf,
  idOf,
  scoredEntrant,
} from './arbitraries/auction.js';

interface Auction {
  readonly ranked: readonly Scored[];
  readonly wanted: number;
  readonly allowsRepeats: boolean;
  readonly room: LoadRoom;
  /** Ad groups whose own caps are full, and the advertiser of whom one message more would fill a cap. */
  readonly fullScopeOf: FullScopeOf;
}

const arbitraryAuction: fc.Arbitrary<Auction> = fc
  .record({
    ranked: arbitraryRanked,
    wanted: fc.nat(6),
    allowsRepeats: fc.boolean(),
    rules: arbitraryLoadRules,
    messages: arbitraryMessages,
    full: fc.subarray(['adg_0', 'adg_1', 'adg_5']),
    nearlyFull: fc.constantFrom('adv_0', 'adv_9'),
  })
  .map(({ rules, messages, full, nearlyFull, ...auction }) => ({
    ...auction,
    room: loadRoom(messages, rules, SUNDAY_NOON),
    fullScopeOf: (record, winners) => {
      if (full.includes(record.id)) return 'adGroup';
      const fillsUp =
        record.advertiserId === nearlyFull && winners.some((winner) => advertiserOf(winner) === nearlyFull);
      return fillsUp ? 'advertiser' : null;
    },
  }));

const select = ({ ranked, wanted, allowsRepeats, room, fullScopeOf }: Auction): Selection =>
  selectWinners(ranked, { wanted, allowsRepeats }, room, fullScopeOf);

const shareLabel = (a: Scored, b: Scored): boolean => categoriesOf(a).some((label) => categoriesOf(b).includes(label));

/** Why `scored` can't stand beside `others`, which rank higher; said once more, the other way round. */
function objections(
  scored: Scored,
  others: readonly Scored[],
  { allowsRepeats, room, fullScopeOf }: Auction,
): string[] {
  const ofSame = others.filter((other) => advertiserOf(other) === advertiserOf(scored)).length;
  return [
    ...(ofSame > 0 && !allowsRepeats ? ['advertiser'] : []),
    ...(others.some((other) => shareLabel(other, scored)) ? ['category'] : []),
    ...(ofSame + 1 > room.ofAdvertiser(advertiserOf(scored)) ? ['load'] : []),
    ...(fullScopeOf(scored.candidate.record, others) === null ? [] : ['caps']),
  ];
}

const check = (property: (auction: Auction) => void): void =>
  fc.assert(fc.property(arbitraryAuction, property), { numRuns: 500 });

describe('the winners of an auction', () => {
  it('are no more than there are places and the member’s load allows, in rank order', () => {
    check((auction) => {
      const { winners, runnerUp } = select(auction);
      expect(winners.length).toBeLessThanOrEqual(Math.min(auction.wanted, auction.room.member));
      const places = [...winners, ...(runnerUp === null ? [] : [runnerUp])].map((scored) =>
        auction.ranked.indexOf(scored),
      );
      expect(places).toEqual([...new Set(places)].sort((a, b) => a - b));
    });
  });

  it('never share a category label, and none is of an advertiser who stands there already unless repeats are allowed', () => {
    check((auction) => {
      const { winners } = select(auction);
      for (const [i, one] of winners.entries()) {
        for (const other of winners.slice(i + 1)) {
          expect(shareLabel(one, other)).toBe(false);
          if (!auction.allowsRepeats) expect(advertiserOf(one)).not.toBe(advertiserOf(other));
        }
      }
    });
  });

  it('stay within every advertiser’s load', () => {
    check((auction) => {
      const { winners } = select(auction);
      for (const winner of winners) {
        const ofSame = winners.filter((other) => advertiserOf(other) === advertiserOf(winner)).length;
        expect(ofSame).toBeLessThanOrEqual(auction.room.ofAdvertiser(advertiserOf(winner)));
      }
    });
  });

  it('are those to whom nothing is objected, and everybody passed over has an objection', () => {
    check((auction) => {
      const { winners, runnerUp } = select(auction);
      const places = Math.min(auction.wanted, auction.room.member);
      const end = runnerUp === null ? auction.ranked.length : auction.ranked.indexOf(runnerUp);
      if (places > 0) {
        for (const [rank, scored] of auction.ranked.slice(0, end).entries()) {
          const before = winners.filter((winner) => auction.ranked.indexOf(winner) < rank);
          expect(objections(scored, before, auction).length > 0).toBe(!winners.includes(scored));
        }
      }
      if (runnerUp !== null) expect(objections(runnerUp, winners, auction)).toEqual([]);
      if (runnerUp !== null) expect(winners).toHaveLength(places);
    });
  });

  it('are not of a campaign or an advertiser that was passed over as a whole before them', () => {
    check((auction) => {
      const { winners, runnerUp, verdicts } = select(auction);
      const scopes = { campaign: 'campaignId', advertiser: 'advertiserId' } as const;
      for (const [rank, verdict] of verdicts.entries()) {
        const { candidate } = auction.ranked[rank]!;
        expect(verdict === 'wins').toBe(winners.includes(auction.ranked[rank]!));
        if (verdict === 'wins' || verdict === 'adGroup') continue;
        const later = [...winners, ...(runnerUp === null ? [] : [runnerUp])].filter(
          (one) => auction.ranked.indexOf(one) > rank,
        );
        const owner = scopes[verdict];
        expect(later.map((one) => one.candidate.record[owner])).not.toContain(candidate.record[owner]);
      }
    });
  });

  it('of fewer places are the first of those of more, and the runner-up is who would win one place more', () => {
    check((auction) => {
      const { winners } = select({ ...auction, wanted: 6 });
      for (let wanted = 0; wanted < 6; wanted++) {
        const fewer = select({ ...auction, wanted });
        expect(fewer.winners).toEqual(winners.slice(0, wanted));
        if (wanted > 0 && wanted < auction.room.member) expect(fewer.runnerUp).toBe(winners[wanted] ?? null);
      }
    });
  });

  it('do not change by who loses: neither they nor their prices', () => {
    check((auction) => {
      const selection = select(auction);
      const needed = new Set([...selection.winners, selection.runnerUp]);
      const without = select({ ...auction, ranked: auction.ranked.filter((scored) => needed.has(scored)) });
      expect(without.winners.map(idOf)).toEqual(selection.winners.map(idOf));
      expect(pricesOf(without, 1_000)).toEqual(pricesOf(selection, 1_000));
    });
  });

  it('lose nothing to one who ranks below them all, and pay no less', () => {
    check((auction) => {
      const { winners, ...selection } = select(auction);
      const last = scoredEntrant({
        id: 'adg_last',
        advertiser: 'adv_last',
        bid: { model: 'cpm', amountMicros: 1 },
        relevance: 0.5,
        pacing: 0.5,
      });
      const more = select({ ...auction, ranked: [...auction.ranked, last] });
      expect(more.winners.slice(0, winners.length)).toEqual(winners);
      expect(more.winners.length - winners.length).toBeLessThanOrEqual(1);
      const before = pricesOf({ winners, ...selection }, 0);
      const after = pricesOf(more, 0);
      for (const [i, price] of before.entries()) expect(after[i]).toBeGreaterThanOrEqual(price);
    });
  });

  it('pay no more than they bid, no less than the floor, and enough to keep their rank', () => {
    fc.assert(
      fc.property(arbitraryAuction, fc.double({ min: 0, max: 1, noNaN: true }), (auction, share) => {
        // Whole micros, as floors are; it keeps out all whose eCPM is below it, as the index does.
        const floor = Math.floor(
          share * Math.min(...auction.ranked.map(({ candidate }) => candidate.ecpmMicros), 1e15),
        );
        const selection = select(auction);
        const prices = pricesOf(selection, floor);
        expect(prices).toHaveLength(selection.winners.length);
        for (const [i, winner] of selection.winners.entries()) {
          const { bid, rate, ctr } = contenderOf(winner);
          const price = prices[i] ?? NaN;
          const highest = highestPriceMicros(bid);
          expect(price).toBeLessThanOrEqual(highest);
          const ecpm = price * rate * 1000 * (bid.model === 'cpm' ? 1 : ctr);
          const next = (selection.winners[i + 1] ?? selection.runnerUp)?.score ?? 0;
          // A cpm bid rounds down to one impression's share.
          if (price < highest) {
            expect(ecpm).toBeGreaterThanOrEqual(floor * (1 - 1e-12));
            expect(ecpm * winner.relevance * winner.pacing).toBeGreaterThanOrEqual(next * (1 - 1e-12));
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('are nobody where the member has no room, or no place is free', () => {
    check((auction) => {
      for (const none of [
        { ...auction, wanted: 0 },
        { ...auction, room: { ...auction.room, member: 0 } },
      ]) {
        expect(select(none)).toEqual({ winners: [], runnerUp: null, verdicts: [] });
      }
    });
  });
});
