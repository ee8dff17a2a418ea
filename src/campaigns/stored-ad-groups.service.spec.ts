import { describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { SystemClock } from '../platform/clock.js';
import { StoredAdGroups } from './stored-ad-groups.service.js';

const ROWS = 150;
/** A slice takes a millisecond, so it is over after ten of these; the end of one and the next may be seen as one. */
const ROW_MS = 0.1;
const MOST_A_TURN = 25;

/** Rows that take a while to parse, each told to `onParse`. */
function rows(onParse: () => void): object[] {
  return Array.from({ length: ROWS }, (_, i) => ({
    id: `adg_${i}`,
    campaign_id: 'cmp_1',
    starts_at: new Date(0),
    ends_at: null,
    day_parts: null,
    creatives: null,
    get targeting() {
      const end = performance.now() + ROW_MS;
      while (performance.now() < end);
      onParse();
      return {};
    },
  }));
}

/** The most rows that are parsed in one turn of the event loop while `work` goes on. */
async function mostParsedInATurn(work: (stored: StoredAdGroups) => Promise<void>): Promise<number> {
  let parsed = 0;
  let most = 0;
  let watch: NodeJS.Immediate;
  const look = (): void => {
    most = Math.max(most, parsed);
    parsed = 0;
    watch = setImmediate(look);
  };
  watch = setImmediate(look);
  const dataSource = { query: () => Promise.resolve(rows(() => parsed++)) };
  await work(new StoredAdGroups(dataSource as unknown as DataSource, new SystemClock()));
  clearImmediate(watch);
  return Math.max(most, parsed);
}

async function countOf(pages: AsyncIterable<readonly unknown[]>): Promise<number> {
  let count = 0;
  for await (const page of pages) count += page.length;
  return count;
}

describe('ad groups that are read', () => {
  it.each<[string, (stored: StoredAdGroups) => AsyncIterable<readonly unknown[]>]>([
    ['all', (stored) => stored.streamAll()],
    ['those of some campaigns', (stored) => stored.loadCampaigns(['cmp_1'])],
  ])('are parsed a few at a time, with everything else in between (%s)', async (_, read) => {
    const most = await mostParsedInATurn(async (stored) => expect(await countOf(read(stored))).toBe(ROWS));
    expect(most).toBeLessThanOrEqual(MOST_A_TURN);
  });
});
