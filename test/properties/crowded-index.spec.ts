import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { AdGroupRecord } from '../../src/core/index/ad-group-record.js';
import { BlockIndex } from '../../src/core/index/block-index.js';
import type { CandidateIndex } from '../../src/core/index/candidate-index.js';
import type { MatchRequest } from '../../src/core/index/match-request.js';
import { PlainScan } from '../../src/core/index/plain-scan.js';
import { WON_RATES } from './arbitraries/candidates.js';
import { arbitraryMemberOfCrowd, arbitraryOfCrowd, campaignOfCrowd } from './arbitraries/crowd.js';
import { Purse, recheckWhere } from './arbitraries/index-life.js';

/** So many that a scan for all of them looks up the member's traits on its way. */
const MOST = 7_000;
/** Whenever there are so many ad groups: just before and after the index makes room for more, and at the end. */
const STAGES = [300, 1_100, 1_300, 2_300, 2_500, MOST];
const REQUESTS = 5;

/** An index and its oracle, which live the same life. */
class Crowd {
  readonly index = new BlockIndex(WON_RATES);
  readonly oracle = new PlainScan(WON_RATES);
  private readonly purse = new Purse();
  private readonly requests: readonly MatchRequest[];
  private asked = 0;

  constructor(
    private readonly records: readonly AdGroupRecord[],
    seed: number,
  ) {
    this.requests = fc.sample(arbitraryMemberOfCrowd, { numRuns: 200, seed });
  }

  /** The i-th ad group becomes what another record says. */
  put(i: number, as = i): void {
    const record = { ...this.records[as % this.records.length]!, id: `adg_${i}` };
    for (const one of this.both) one.upsert(record);
  }

  /** Of each hundred, one lacks money, one is paced, one is taken out, and one becomes another: so that slots are used again. */
  stir(size: number): void {
    for (let i = 0; i < size; i += 100) {
      const adGroupId = `adg_${i}`;
      this.purse.shorten({ deed: 'shorten', adGroupId, shortage: i % 300 === 0 ? null : 'budget' });
      this.index.recheck(adGroupId);
      const campaignId = campaignOfCrowd(i / 100);
      const pacing = { passShare: [0, 0.3, 1][i % 3]!, rankFactor: [0.5, 1, 0.75][i % 3]! };
      this.purse.pace({ deed: 'pace', campaignId, pacing });
      for (const one of this.both) one.remove(`adg_${i + 1}`);
      this.put(i + 2, i + 51);
    }
    recheckWhere(this.index, () => true);
    // New ones in the slots of those that were taken out.
    for (let i = 0; i < size; i += 200) this.put(i + 1, i + 77);
  }

  compare(): void {
    for (let n = 0; n < REQUESTS; n++) {
      const request = this.requests[this.asked++ % this.requests.length]!;
      const all = this.best(this.oracle, request, MOST);
      for (const limit of [3, MOST]) {
        expect(this.best(this.index, request, limit)).toEqual(all.slice(0, limit));
      }
      const eligible = this.index.eligible(request, this.purse);
      expect([...eligible].map(({ record }) => record.id).sort()).toEqual([...all.map(([id]) => id)].sort());
    }
  }

  rebuild(): void {
    for (const work = this.index.rebuild(); work.next().done !== true;);
  }

  private best(index: CandidateIndex, request: MatchRequest, limit: number) {
    return index.top(request, this.purse, limit).map(({ candidate, score }) => [candidate.record.id, score] as const);
  }

  private get both(): readonly CandidateIndex[] {
    return [this.index, this.oracle];
  }
}

describe('the index, crowded', () => {
  it.each([1, 2, 3])(
    'gives what a plain scan gives, grown, changed, short of money, rebuilt and changed again (seed %i)',
    (seed) => {
      const crowd = new Crowd(fc.sample(arbitraryOfCrowd, { numRuns: 1_500, seed }), seed);
      let size = 0;
      for (const stage of STAGES) {
        for (; size < stage; size++) crowd.put(size);
        crowd.compare();
        crowd.stir(size);
        crowd.compare();
      }
      crowd.rebuild();
      crowd.compare();
      crowd.stir(size);
      crowd.compare();
    },
    60_000,
  );
});
