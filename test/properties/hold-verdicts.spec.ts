import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { loadRoom } from '../../src/core/auction/member-load.js';
import { type FullScopeOf, selectWinners, VERDICTS } from '../../src/core/auction/select-winners.js';
import type { Scored } from '../../src/core/index/candidate.js';
import { defineExposureScripts, exposureKey } from '../../src/delivery/exposure/exposure-scripts.js';
import {
  holdArguments,
  type HoldCap,
  type HoldRequest,
  writeHoldAdGroup,
  writeHoldCreative,
} from '../../src/delivery/exposure/hold-request.js';
import { createTestRedis, type TestRedis } from '../servers/test-redis.js';
import { arbitraryRanked, NOTHING_SEEN, UNLIMITED } from './arbitraries/auction.js';
import { SUNDAY_NOON } from './arbitraries/candidates.js';
import { rebuiltOf } from './exposure-entries.js';

/** Counts from the beginning; see hold-request.ts. */
const LIFETIME = -1;
const FOR_EVER = Number.MAX_SAFE_INTEGER;
const EPOCH = { epochId: 'e1', settledUntil: SUNDAY_NOON };

const REQUEST: HoldRequest = {
  memberId: '',
  requestId: null,
  decisionId: 'D1',
  now: SUNDAY_NOON,
  expiresAt: SUNDAY_NOON + 600_000,
  frame: '',
  wanted: 2,
  allowsRepeats: false,
  load: UNLIMITED,
  placement: 'list',
  placementCaps: [],
  keepFrom: SUNDAY_NOON,
  candidates: [],
  isLast: false,
};

/** Most messages of each campaign and advertiser, by its id; absent: any number. */
type Limits = Readonly<Record<string, number>>;

const arbitraryLimits = (name: string, count: number): fc.Arbitrary<Limits> =>
  fc
    .array(fc.constantFrom(0, 1, 2, null), { minLength: count, maxLength: count })
    .map((limits) =>
      Object.fromEntries(limits.flatMap((limit, i) => (limit === null ? [] : [[`${name}_${i}`, limit]]))),
    );

const arbitraryAuction = fc.record({
  // Several of a campaign, each of one advertiser.
  ranked: arbitraryRanked.map((all) => all.map(ofFewCampaigns)),
  wanted: fc.integer({ min: 1, max: 5 }),
  allowsRepeats: fc.boolean(),
  most: fc.constantFrom(null, null, 1, 2),
  limits: fc
    .tuple(arbitraryLimits('adg', 12), arbitraryLimits('cmp', 6), arbitraryLimits('adv', 5))
    .map(([ofAdGroups, ofCampaigns, ofAdvertisers]): Limits => ({ ...ofAdGroups, ...ofCampaigns, ...ofAdvertisers })),
});

function ofFewCampaigns(scored: Scored, rank: number): Scored {
  const campaign = rank % 6;
  const record = { ...scored.candidate.record, campaignId: `cmp_${campaign}`, advertiserId: `adv_${campaign % 5}` };
  return { ...scored, candidate: { ...scored.candidate, record } };
}

const ownersOf = ({ candidate: { record } }: Scored) =>
  [
    ['adGroup', record.id],
    ['campaign', record.campaignId],
    ['advertiser', record.advertiserId],
  ] as const;

describe('the hold script', () => {
  let server: TestRedis;
  let redis: Redis;
  let members = 0;

  beforeAll(async () => {
    server = await createTestRedis();
    redis = new Redis(server.url);
    defineExposureScripts(redis);
  });

  afterAll(async () => {
    redis.disconnect();
    await server.release();
  });

  function candidatesOf(ranked: readonly Scored[], limits: Limits): HoldRequest['candidates'] {
    return ranked.map((scored) => {
      const { record } = scored.candidate;
      const caps = ownersOf(scored).flatMap(([scope, id]): HoldCap[] =>
        limits[id] === undefined ? [] : [{ scope, from: LIFETIME, limit: limits[id] }],
      );
      const { id, campaignId, advertiserId, categories } = record;
      return {
        adGroup: writeHoldAdGroup({ adGroupId: id, campaignId, advertiserId, caps, categories }),
        creatives: [writeHoldCreative(`crv of ${id}`, [])],
        ticket: id,
      };
    });
  }

  it('passes over whom the auction passes over, and as much beside them', async () => {
    const found = new Set<string>();
    await fc.assert(
      fc.asyncProperty(arbitraryAuction, async ({ ranked, wanted, allowsRepeats, most, limits }) => {
        const fullScopeOf: FullScopeOf = (record, winners) => {
          const isFull = ([scope, id]: readonly [string, string]) =>
            winners.filter((one) => ownersOf(one).some(([of, its]) => of === scope && its === id)).length >=
            (limits[id] ?? Infinity);
          return ownersOf({ candidate: { record } } as Scored).find(isFull)?.[0] ?? null;
        };
        const rules = { ...UNLIMITED, maxPerAdvertiserPerDay: most };
        const room = loadRoom(NOTHING_SEEN, rules, SUNDAY_NOON);
        const expected = selectWinners(ranked, { wanted, allowsRepeats }, room, fullScopeOf);
        const candidates = candidatesOf(ranked, limits);
        const call = holdArguments(
          { ...REQUEST, wanted, allowsRepeats, load: rules, candidates },
          { ...EPOCH, isQuarantined: false },
        );
        const nothing = JSON.stringify(rebuiltOf([], 0));
        const answer = JSON.parse(
          await redis.holdMessages(exposureKey(`auction-${members++}`), ...call, nothing, FOR_EVER),
        ) as {
          status: string;
          verdicts?: string;
          tickets?: string[];
        };
        if (expected.runnerUp === null) {
          const verdicts = Array.from(answer.verdicts ?? '', (digit) => VERDICTS[Number(digit) - 1]);
          expect({ status: answer.status, verdicts }).toEqual({ status: 'short', verdicts: expected.verdicts });
        } else {
          const tickets = [...expected.winners, expected.runnerUp].map(({ candidate: { record } }) => record.id);
          expect(answer).toMatchObject({ status: 'held', tickets: tickets.map((id) => `crv of ${id} ${id}`) });
        }
        for (const verdict of expected.verdicts) found.add(verdict);
      }),
      { numRuns: 1_000 },
    );
    expect([...found].sort()).toEqual([...VERDICTS].sort());
  });

  it.each([
    [[], 1],
    [['adGroup'], 2],
    [['adGroup', 'campaign'], 3],
    [['advertiser', 'campaign'], 4],
  ] as const)('is told after a loss whom caps of %j pass over, and of the widest of them', async (scopes, digit) => {
    const caps = scopes.map((scope): HoldCap => ({ scope, from: LIFETIME, limit: 9 }));
    const owners = { adGroupId: 'adg_0', campaignId: 'cmp_0', advertiserId: 'adv_0', categories: [] };
    const [adGroup, creatives] = [writeHoldAdGroup({ ...owners, caps }), [writeHoldCreative('crv_0', [])]];
    const request = { ...REQUEST, candidates: [{ adGroup, creatives, ticket: 't' }] };
    const call = holdArguments(request, { ...EPOCH, isQuarantined: true });
    const nothing = JSON.stringify(rebuiltOf([], 0));
    const answer = await redis.holdMessages(exposureKey(`lost-${members++}`), ...call, nothing, FOR_EVER);
    expect(JSON.parse(answer)).toEqual({ status: 'short', verdicts: String(digit) });
  });

  it.each([
    ['nothing', { ...UNLIMITED, maxPerMemberPerDay: 9 }, []],
    ['what has no caps', UNLIMITED, ['crv_0 t']],
  ])('holds %s after a loss (load rules: %j)', async (_, load, tickets) => {
    const owners = { adGroupId: 'adg_0', campaignId: 'cmp_0', advertiserId: 'adv_0', categories: [] };
    const [adGroup, creatives] = [writeHoldAdGroup({ ...owners, caps: [] }), [writeHoldCreative('crv_0', [])]];
    const request = { ...REQUEST, load, isLast: true, candidates: [{ adGroup, creatives, ticket: 't' }] };
    const call = holdArguments(request, { ...EPOCH, isQuarantined: true });
    const nothing = JSON.stringify(rebuiltOf([], 0));
    const answer = await redis.holdMessages(exposureKey(`lost-${members++}`), ...call, nothing, FOR_EVER);
    const { status, held, tickets: given } = JSON.parse(answer) as { status: string; held: number; tickets: object };
    // Lua writes an empty list as an object.
    expect({ status, held, tickets: Object.values(given) }).toEqual({ status: 'held', held: tickets.length, tickets });
  });
});
