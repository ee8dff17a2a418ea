import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { LoadRoom } from '../../src/core/auction/member-load.js';
import {
  type AuctionRules,
  type FullScopeOf,
  pricesOf,
  type Selection,
  selectWinners,
  type Verdict,
} from '../../src/core/auction/select-winners.js';
import { BlockIndex } from '../../src/core/index/block-index.js';
import type { AdGroupRecord } from '../../src/core/index/ad-group-record.js';
import { MOST_LOOKS } from '../../src/core/index/block/work-bound.js';
import { PlainScan } from '../../src/core/index/plain-scan.js';
import { Offers } from '../../src/serving/match/offers.js';
import { asOffered } from './as-offered.js';
import { idOf } from './arbitraries/auction.js';
import { adGroup, matchRequest, money, WON_RATES } from './arbitraries/candidates.js';

const REQUEST = matchRequest();
const FREE: LoadRoom = { member: Infinity, ofAdvertiser: () => Infinity };

/** Crowds: few advertisers, campaigns and labels, so that many stand in the way of each other. */
const arbitraryRecords: fc.Arbitrary<readonly AdGroupRecord[]> = fc
  .array(
    fc.record({
      campaign: fc.nat(7),
      bid: fc.record({ model: fc.constant('cpm' as const), amountMicros: fc.integer({ min: 1, max: 40 }) }),
      labels: fc.subarray(['auto', 'food'], { maxLength: 1 }),
      isLabelled: fc.boolean(),
    }),
    { minLength: 1, maxLength: 150, size: 'max' },
  )
  .map((all) =>
    all.map(({ campaign, bid, labels, isLabelled }, i) =>
      adGroup({
        id: `adg_${i}`,
        campaignId: `cmp_${campaign}`,
        advertiserId: `adv_${campaign % 3}`,
        bid: { ...bid, amountMicros: bid.amountMicros * 1_000_000_000 },
        categories: isLabelled ? labels : [],
      }),
    ),
  );

const arbitraryAuction = fc.record({
  records: arbitraryRecords,
  rules: fc.record({ wanted: fc.integer({ min: 1, max: 5 }), allowsRepeats: fc.boolean() }),
  /** Of a hundred ad groups, so many are capped by themselves. */
  cappedPercent: fc.constantFrom(0, 30, 80, 97),
  fullCampaigns: fc.subarray(['cmp_0', 'cmp_3', 'cmp_6']),
  fullAdvertisers: fc.subarray(['adv_1', 'adv_2'], { maxLength: 1 }),
  /** Most messages of one campaign in the list. */
  ofCampaign: fc.constantFrom(1, 2, Infinity),
  ofAdvertiser: fc.constantFrom(0, 1, 2, Infinity),
  seed: fc.nat(),
});

interface Judge {
  readonly room: LoadRoom;
  readonly fullScopeOf: FullScopeOf;
}

/** As a decision does: of the first offer that suffices. */
function decide(records: readonly AdGroupRecord[], rules: AuctionRules, { room, fullScopeOf }: Judge) {
  const index = new BlockIndex(WON_RATES);
  for (const record of records) index.upsert(record);
  const offers = new Offers(REQUEST, rules.wanted, asOffered(index, money()));
  for (let asked = 1; ; asked++) {
    const offer = offers.next();
    const selection = selectWinners(offer.ranked, rules, room, fullScopeOf);
    if (offer.isLast || selection.runnerUp !== null) return { selection, asked };
    offers.passOver(offer, selection.verdicts);
  }
}

function outcomeOf(selection: Selection) {
  const runnerUp = selection.runnerUp === null ? null : idOf(selection.runnerUp);
  return { winners: selection.winners.map(idOf), runnerUp, prices: pricesOf(selection, 0) };
}

/** What offers of so many eligible ad groups ask for, all of whom are capped. */
function sizes(eligible: number, cost = 0): [asked: number, isLast: boolean][] {
  const records = Array.from({ length: eligible }, (_, i) => adGroup({ id: `adg_${i}`, campaignId: `cmp_${i}` }));
  const index = new PlainScan(WON_RATES);
  for (const record of records) index.upsert(record);
  const asked: number[] = [];
  const counted = {
    top: (...[request, snapshot, limit, without]: Parameters<PlainScan['top']>) => {
      asked.push(limit);
      return index.top(request, snapshot, limit, without);
    },
    cost,
  };
  const offers = new Offers(REQUEST, 1, asOffered(counted, money()));
  const isLast: boolean[] = [];
  while (isLast.at(-1) !== true) {
    const offer = offers.next();
    isLast.push(offer.isLast);
    offers.passOver(offer, Array<Verdict>(offer.ranked.length).fill('adGroup'));
  }
  return asked.map((limit, i) => [limit, isLast[i] ?? false]);
}

describe('what is offered to the caps', () => {
  it('has the winners, the runner-up and the prices that all have who are eligible', () => {
    let offers = 0;
    let won = 0;
    fc.assert(
      fc.property(arbitraryAuction, ({ records, rules, cappedPercent, fullCampaigns, fullAdvertisers, ...auction }) => {
        const { ofCampaign, ofAdvertiser, seed } = auction;
        const isCapped = (id: string) =>
          Math.imul(Number(id.slice(4)) + seed, 2_654_435_761) >>> 0 < (cappedPercent * 2 ** 32) / 100;
        const judge: Judge = {
          room: { member: Infinity, ofAdvertiser: (id) => (id === 'adv_0' ? ofAdvertiser : Infinity) },
          fullScopeOf: ({ id, campaignId, advertiserId }, winners) => {
            if (isCapped(id)) return 'adGroup';
            const placed = winners.filter(({ candidate }) => candidate.record.campaignId === campaignId).length;
            if (fullCampaigns.includes(campaignId) || placed >= ofCampaign) return 'campaign';
            return fullAdvertisers.includes(advertiserId) ? 'advertiser' : null;
          },
        };
        const oracle = new PlainScan(WON_RATES);
        for (const record of records) oracle.upsert(record);
        const all = oracle.top(REQUEST, money(), Infinity);
        const { selection, asked } = decide(records, rules, judge);
        expect(outcomeOf(selection)).toEqual(outcomeOf(selectWinners(all, rules, judge.room, judge.fullScopeOf)));
        offers += asked;
        won += selection.winners.length;
      }),
      { numRuns: 500 },
    );
    // One offer is not always enough, and somebody wins.
    expect(offers).toBeGreaterThan(1_000);
    expect(won).toBeGreaterThan(500);
  });

  it('holds once who shuts others out, however many of them rank next', () => {
    const crowd = (of: object) => (i: number) =>
      adGroup({ ...of, id: `adg_${i}`, bid: { model: 'cpm', amountMicros: 9_000_000_000 - i } });
    const rival = adGroup({
      id: 'adg_rival',
      advertiserId: 'adv_9',
      bid: { model: 'cpm', amountMicros: 2_000_000_000 },
    });
    const last = adGroup({ id: 'adg_last', advertiserId: 'adv_8', bid: { model: 'cpm', amountMicros: 1_000_000_000 } });
    const ofAdvertiser = Array.from({ length: 3_000 }, (_, i) => crowd({ campaignId: `cmp_${i}` })(i));
    const ofLabel = ofAdvertiser.map((record, i) => ({ ...record, advertiserId: `a_${i}`, categories: ['auto'] }));
    const ofCampaign = ofAdvertiser.map((record, i) => ({ ...record, advertiserId: `a_${i}`, campaignId: 'cmp_once' }));
    const fullOnceWon: FullScopeOf = ({ campaignId }, winners) =>
      campaignId === 'cmp_once' && winners.length > 0 ? 'campaign' : null;
    for (const [records, fullScopeOf] of [
      [ofAdvertiser, () => null],
      [ofLabel, () => null],
      [ofCampaign, fullOnceWon],
    ] as const) {
      const rules = { wanted: 2, allowsRepeats: false };
      const { selection, asked } = decide([...records, rival, last], rules, { room: FREE, fullScopeOf });
      expect(outcomeOf(selection)).toMatchObject({ winners: ['adg_0', 'adg_rival'], runnerUp: 'adg_last' });
      expect(asked).toBe(2);
    }
  });

  it('grows to a few hundred at once, and ends where a thousand were offered', () => {
    const offers = [5, 20, 80, 320, 575];
    expect(sizes(2_500)).toEqual(offers.map((limit, i) => [limit, i === offers.length - 1]));
  });

  it.each([
    [0, 1],
    [4, 1],
    [5, 2],
    [24, 2],
    [25, 3],
  ])('ends with all that are eligible: %i', (eligible, offers) => {
    const asked = sizes(eligible);
    expect(asked).toHaveLength(offers);
    expect(asked.map(([, isLast]) => isLast)).toEqual(asked.map((_, i) => i === offers - 1));
  });

  it.each([
    [MOST_LOOKS / 2 + 1, 1],
    [MOST_LOOKS / 2, 2],
    [MOST_LOOKS / 4, 4],
  ])('ends where another offer would cost too much: %i a time', (cost, offers) => {
    expect(sizes(1_000, cost).map(([, isLast]) => isLast)).toEqual([...Array<boolean>(offers - 1).fill(false), true]);
  });
});
