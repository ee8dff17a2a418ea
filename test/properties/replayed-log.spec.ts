import { existsSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { matchBody } from '../../src/commands/replay/replay-traffic.js';
import { SeededRandom } from '../../src/commands/seeded-random.js';
import { loadRoom } from '../../src/core/auction/member-load.js';
import { pricesOf, type Selection, selectWinners } from '../../src/core/auction/select-winners.js';
import { type CountedImpression, isCapped } from '../../src/core/capping/exposure.js';
import { adGroupCaps, capKeysOf } from '../../src/core/capping/record-caps.js';
import { BlockIndex } from '../../src/core/index/block-index.js';
import type { Scored } from '../../src/core/index/candidate.js';
import type { MatchRequest } from '../../src/core/index/match-request.js';
import { PlainScan } from '../../src/core/index/plain-scan.js';
import { placementPositions } from '../../src/core/placement/positions.js';
import { Offers } from '../../src/serving/match/offers.js';
import { toMatchRequest } from '../../src/serving/match/to-match-request.js';
import { NOTHING_SEEN, UNLIMITED } from './arbitraries/auction.js';
import { WON_RATES } from './arbitraries/candidates.js';
import { asOffered } from './as-offered.js';
import { readMarket, type ReplayedMarket, Till } from './replayed-market.js';

const LOG = new URL('../../../shared/data/rtb-auctions-2012/auctions.redacted.jsonl.gz', import.meta.url).pathname;
/** All of the log. */
const REQUESTS = 20_000;
const SEED = 1;
const PLACEMENT = { floorMicros: 0, leastCtr: 0, leastRelevance: 0 };
const RULES = { firstPosition: 1, spacing: 6, maxMessages: 3 };
/** Of the messages that are placed, so many are seen; who sees one of a cpc bid clicks this often. */
const SEEN = 0.9;
const CLICKED = 0.3;

const worthOf = ({ candidate, ...worth }: Scored) => ({ id: candidate.record.id, ...worth });
/** Numbers are written so that they are read back as they were; texts are compared far faster than objects. */
const textOf = (value: object): string => JSON.stringify(value);

/** One life of the log's market: the index and the plain scan are asked the same, and messages that are seen cost money. */
class Replay {
  readonly index = new BlockIndex(WON_RATES);
  readonly oracle = new PlainScan(WON_RATES);
  placed = 0;
  capped = 0;
  short = 0;
  private readonly till: Till;
  private readonly seen = new Map<string, CountedImpression[]>();

  constructor(private readonly market: ReplayedMarket) {
    this.till = new Till(market.credits);
    for (const record of market.records) for (const one of [this.index, this.oracle]) one.upsert(record);
  }

  play(request: ReplayedMarket['requests'][number]): void {
    const random = new SeededRandom(`replay ${SEED} ${request.id}`);
    const asked = matchBody(request, random);
    const profile = this.market.profiles.get(asked.userId) ?? null;
    const frame = { now: request.at, placement: PLACEMENT, seed: asked.requestId };
    const matched = toMatchRequest(profile, asked, frame);
    const wanted = placementPositions({ ...RULES, chatCount: asked.chatCount }).length;
    const all = this.oracle.top(matched, this.till, Infinity);
    const expected = this.select(all, asked.userId, wanted, matched.now);
    const found = this.decide(matched, asked.userId, wanted, all);
    expect(textOf(outcomeOf(found))).toBe(textOf(outcomeOf(expected)));
    this.show(found, asked.userId, matched.now, random);
  }

  /** As a decision does: of the first offer that suffices. The first must be the best of all, in order. */
  private decide(request: MatchRequest, member: string, wanted: number, all: readonly Scored[]): Selection {
    const { index, till } = this;
    const offers = new Offers(request, wanted, asOffered(index, till));
    for (let isFirst = true; ; isFirst = false) {
      const offer = offers.next();
      const { ranked, isLast } = offer;
      if (isFirst) expect(textOf(ranked.map(worthOf))).toBe(textOf(all.slice(0, ranked.length).map(worthOf)));
      const selection = this.select(ranked, member, wanted, request.now);
      if (isLast || selection.runnerUp !== null || wanted === 0) return selection;
      offers.passOver(offer, selection.verdicts);
    }
  }

  private select(ranked: readonly Scored[], member: string, wanted: number, now: number): Selection {
    const impressions = this.seen.get(member) ?? [];
    const room = loadRoom({ ...NOTHING_SEEN, settledUntil: now }, UNLIMITED, now);
    return selectWinners(ranked, { wanted, allowsRepeats: false }, room, (record, winners) => {
      const holds = winners.map(({ candidate: { record: won } }) => ({
        messageId: won.id,
        of: capKeysOf(won, '', 'chat_list'),
        expiresAt: Infinity,
      }));
      const full = isCapped({ impressions, holds }, adGroupCaps(record), now, now)?.scope ?? null;
      if (full !== null) this.capped++;
      return full;
    });
  }

  private show(selection: Selection, member: string, at: number, random: SeededRandom): void {
    const prices = pricesOf(selection, PLACEMENT.floorMicros);
    for (const [i, { candidate }] of selection.winners.entries()) {
      this.placed++;
      if (!random.chance(SEEN)) continue;
      const { record } = candidate;
      const { id, advertiserId, bid } = record;
      const impressions = this.seen.get(member) ?? [];
      this.seen.set(member, [...impressions, { messageId: `${at} ${id}`, of: capKeysOf(record, '', 'chat_list'), at }]);
      if (bid.model === 'cpc' && !random.chance(CLICKED)) continue;
      this.till.charge(record, prices[i]!);
      if (this.till.shortage(record) !== null) this.short++;
      for (const other of this.market.records) if (other.advertiserId === advertiserId) this.index.recheck(other.id);
    }
  }
}

function outcomeOf(selection: Selection) {
  const { winners, runnerUp } = selection;
  return {
    winners: winners.map(worthOf),
    runnerUp: runnerUp === null ? null : worthOf(runnerUp),
    prices: pricesOf(selection, PLACEMENT.floorMicros),
  };
}

describe('the real auctions of 2012', () => {
  const onRealLog = existsSync(LOG) ? it : it.skip;
  if (!existsSync(LOG)) console.log(`Skipped: the real auctions of 2012, since there is no ${LOG}`);

  onRealLog(
    'are decided by the index as by a plain scan: the same ad groups, order, scores, winners and prices',
    async () => {
      const market = await readMarket(LOG, REQUESTS, SEED);
      expect(market.requests).toHaveLength(REQUESTS);
      const replay = new Replay(market);
      for (const request of market.requests) replay.play(request);
      // The money, the caps and the members of the log all had their say.
      expect(replay.placed).toBeGreaterThan(REQUESTS / 2);
      expect(replay.capped).toBeGreaterThan(100);
      expect(replay.short).toBeGreaterThan(0);
    },
    300_000,
  );
});
