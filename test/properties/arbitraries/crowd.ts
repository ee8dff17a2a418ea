/**
 * Thousands of ad groups that crowd about few traits, and the members who have them: so that sets of slots are rows rather
 * than lists, tables of names grow, and fields have more values than rows. Random catalogues are too small to meet any of it.
 */
import fc from 'fast-check';
import type { AdGroupRecord } from '../../../src/core/index/ad-group-record.js';
import type { MatchRequest } from '../../../src/core/index/match-request.js';
import { EVERYONE, type Targeting } from '../../../src/core/targeting/expression.js';
import { adGroup, creative, matchRequest, UNKNOWN_SUBJECT } from './candidates.js';

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);
const CAMPAIGNS = 200;
const ADVERTISERS = 150;
const CROWDED = range(6).map((i) => `crowded.${i}`);
const RARE = range(150).map((i) => `rare.${i}`);
/** More than have rows of their own. */
const LANGUAGES = range(400).map((i) => String.fromCharCode(97 + (i % 26), 97 + Math.floor(i / 26)));

const crowdedSegments = fc.record({
  kind: fc.constant('segments' as const),
  ids: fc.subarray(CROWDED, { minLength: 1, maxLength: 2 }),
  minWeight: fc.constantFrom(0, 0, 0.5),
});
const rareSegments = fc.record({
  kind: fc.constant('segments' as const),
  ids: fc.oneof(fc.subarray(RARE, { minLength: 1, maxLength: 3 }), fc.subarray(RARE, { minLength: 33, maxLength: 60 })),
  minWeight: fc.constant(0),
});
const audience = fc.constantFrom('aud_1', 'aud_2').map((id): Targeting => ({ kind: 'audience', id }));
const trait: fc.Arbitrary<Targeting> = fc.oneof(crowdedSegments, crowdedSegments, rareSegments, audience);
const unwanted = fc.oneof(crowdedSegments, audience).map((of): Targeting => ({ kind: 'not', of }));
const targeting: fc.Arbitrary<Targeting> = fc.oneof(
  { arbitrary: fc.constant(EVERYONE), weight: 2 },
  { arbitrary: trait, weight: 3 },
  { arbitrary: unwanted, weight: 2 },
  {
    arbitrary: fc
      .array(fc.oneof(trait, unwanted), { minLength: 2, maxLength: 4 })
      .map((of): Targeting => ({ kind: 'all', of })),
    weight: 2,
  },
  {
    arbitrary: fc
      .array(fc.oneof(trait, unwanted), { minLength: 2, maxLength: 3 })
      .map((of): Targeting => ({ kind: 'any', of })),
    weight: 1,
  },
);

const language = fc.oneof(
  { arbitrary: fc.constant(null), weight: 3 },
  { arbitrary: fc.constantFrom(...LANGUAGES), weight: 2 },
);

/** All with one id: who puts them together gives them their own. */
export const arbitraryOfCrowd: fc.Arbitrary<AdGroupRecord> = fc
  .record({
    campaign: fc.nat(CAMPAIGNS - 1),
    targeting,
    language,
    // Few, so that many tie.
    amountMicros: fc.constantFrom(1_000_000, 2_000_000, 5_000_000, 9_000_000),
    pacing: fc.constantFrom('even' as const, 'asap' as const),
  })
  .map(({ campaign, targeting: of, language: read, amountMicros, pacing }) =>
    adGroup({
      campaignId: campaignOfCrowd(campaign),
      advertiserId: `adv_${campaign % ADVERTISERS}`,
      targeting: of,
      bid: { model: 'cpm', amountMicros },
      creatives: [creative({ language: read })],
      pacing,
    }),
  );

export function campaignOfCrowd(i: number): string {
  return `cmp_${i % CAMPAIGNS}`;
}

export const arbitraryMemberOfCrowd: fc.Arbitrary<MatchRequest> = fc
  .record({
    interests: fc
      .tuple(fc.subarray(CROWDED), fc.subarray(RARE, { maxLength: 8 }))
      .chain(([crowded, rare]) =>
        fc.tuple(
          ...[...crowded, ...rare].map((id) => fc.tuple(fc.constant(id), fc.constantFrom(0.2, 0.49, 0.5, 1, 1))),
        ),
      ),
    audiences: fc.subarray(['aud_1', 'aud_2']),
    language: fc.oneof(fc.constant(null), fc.constantFrom(...LANGUAGES)),
    muted: fc.oneof(fc.constant<number[]>([]), fc.subarray(range(ADVERTISERS), { maxLength: 5 })),
    floorMicros: fc.constantFrom(0, 0, 2_000_000, 9_000_000),
    seed: fc.nat(0xffffffff),
  })
  .map(({ interests, audiences, language: read, muted, floorMicros, seed }) =>
    matchRequest({
      subject: {
        ...UNKNOWN_SUBJECT,
        interests: new Map(interests),
        audiences: new Set(audiences),
        language: read,
      },
      mutedAdvertisers: new Set(muted.map((i) => `adv_${i}`)),
      floorMicros,
      seed,
    }),
  );
