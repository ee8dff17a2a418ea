import { describe, expect, it } from '@jest/globals';
import { adGroup } from '../../../test/properties/arbitraries/candidates.js';
import { allotClaims } from '../../core/pacing/allot-claims.js';
import { LeaseBook } from './lease-book.js';
import type { LeaseChange } from './lease-exchange.js';

const DAY_MS = 86_400_000;
/** Longer than the pause after which who was refused asks again. */
const PATIENCE_MS = 750;

describe('money of an ad group that serves beside thousands that have yet to begin', () => {
  it('is asked for again as soon as if none of them were there', async () => {
    const asked: string[][] = [];
    const now = Date.parse('2026-11-22T03:00:00Z');
    const book = new LeaseBook(
      { id: 1, renew: () => Promise.resolve() } as never,
      {
        exchange: (_holder: number, changes: readonly LeaseChange[]) => {
          const wants = changes.filter(({ wantedMicros }) => wantedMicros > 0);
          asked.push(wants.map(({ adGroupId }) => adGroupId));
          const byCampaign = new Map(wants.map(({ campaignId }) => [campaignId, 0]));
          return Promise.resolve(allotClaims(wants, { byAdvertiser: new Map(), byCampaign, byAdGroup: new Map() }, 1));
        },
        wanted: () => Promise.resolve(new Set()),
      } as never,
      { next: () => Promise.resolve([]) } as never,
      { settledUntil: now } as never,
      { cautiousCtrOf: () => 0 } as never,
      { now: () => now } as never,
      { register: () => undefined } as never,
    );
    const begins = adGroup({ startsAt: now + 7 * DAY_MS });
    for (let i = 0; i < 2_000; i++) book.track({ ...begins, id: `later-${i}` });
    book.track({ ...adGroup({ bid: { model: 'cpm', amountMicros: 10_000 } }), id: 'serves' });
    for (let i = 0; i < 3; i++) {
      await (book as unknown as { exchange(): Promise<void> }).exchange();
      await new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
    }
    expect(asked).toEqual([['serves'], ['serves'], ['serves']]);
  });
});
