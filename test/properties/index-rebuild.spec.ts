import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { AdGroupRecord } from '../../src/core/index/ad-group-record.js';
import { BlockIndex } from '../../src/core/index/block-index.js';
import { adGroup, matchRequest, money, WON_RATES } from './arbitraries/candidates.js';
import { arbitraryRecord } from './arbitraries/index-life.js';

const AD_GROUPS = 20_000;
/** Looked at in one step, which takes some ns for each; and put into their slots, which takes some µs. */
const MOST_LOOKED_AT = 1_024;
const MOST_PUT_IN = 1;

/** Tells of which ad groups a step has read the state, and of which the targeting. */
class Watch {
  readonly lookedAt = new Set<string>();
  readonly putIn = new Set<string>();

  over(record: AdGroupRecord): AdGroupRecord {
    const { lookedAt, putIn } = this;
    return {
      ...record,
      get campaignStatus() {
        lookedAt.add(record.id);
        return record.campaignStatus;
      },
      get targeting() {
        putIn.add(record.id);
        return record.targeting;
      },
    };
  }

  forget(): void {
    this.lookedAt.clear();
    this.putIn.clear();
  }
}

describe('a rebuild of the index', () => {
  it('does so little in one step that no match waits for it, however many ad groups there are', () => {
    const records = fc.sample(arbitraryRecord, { numRuns: 2_000, seed: 1 });
    const watch = new Watch();
    const index = new BlockIndex(WON_RATES);
    const recordAt = (i: number) => watch.over({ ...records[i % records.length]!, id: `adg_${i}` });
    for (let i = 0; i < AD_GROUPS; i++) index.load(recordAt(i));
    watch.forget();
    const rebuild = index.rebuild();
    const steps: { readonly lookedAt: number; readonly putIn: number }[] = [];
    for (let isDone = false; !isDone;) {
      isDone = rebuild.next().done === true;
      steps.push({ lookedAt: watch.lookedAt.size, putIn: watch.putIn.size });
      // What changes meanwhile is put in step by step, too.
      if (steps.length <= 500) index.upsert(recordAt(steps.length));
      watch.forget();
    }
    expect(steps.filter(({ putIn }) => putIn > 0).length).toBeGreaterThan(AD_GROUPS / 2);
    expect(Math.max(...steps.map(({ putIn }) => putIn))).toBe(MOST_PUT_IN);
    expect(Math.max(...steps.map(({ lookedAt }) => lookedAt))).toBeLessThanOrEqual(MOST_LOOKED_AT);
  });

  it('has every ad group once, as it is now, also those that are taken out and put in again meanwhile', () => {
    const size = 3_000;
    const bid = (amountMicros: number) => ({ model: 'cpm', amountMicros }) as const;
    const index = new BlockIndex(WON_RATES);
    for (let i = 0; i < size; i++) index.load(adGroup({ id: `adg_${i}`, bid: bid(1_000_000) }));
    const rebuild = index.rebuild();
    rebuild.next();
    for (let i = 0; i < size; i++) {
      index.remove(`adg_${i}`);
      index.upsert(adGroup({ id: `adg_${i}`, bid: bid(2_000_000) }));
    }
    while (rebuild.next().done !== true);
    const found = index.top(matchRequest(), money(), 2 * size);
    expect(found).toHaveLength(size);
    expect(new Set(found.map(({ candidate }) => candidate.record.bid.amountMicros))).toEqual(new Set([2_000_000]));
    expect(index.eligible(matchRequest(), money()).size).toBe(size);
  });
});
