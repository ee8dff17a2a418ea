import { expect, jest } from '@jest/globals';
import { LeaseBook, PacingBook } from '../../src/delivery/delivery.api.js';
import type { TestApp } from '../servers/test-app.js';
import { at, createAdvertiser, createServingCampaign } from './fixtures.js';
import { NOON } from './market.js';

/** A campaign that is over at `endsAt`, one without budget, one without balance, and one that is paced; for one carrier. */
export async function serveOtherFates(app: TestApp, carrier: string, endsAt: string): Promise<void> {
  const [ending, spent, unpaid, paced] = [
    await createAdvertiser(app),
    await createAdvertiser(app),
    await createAdvertiser(app),
    await createAdvertiser(app),
  ];
  const leases = app.app.get(LeaseBook, { strict: false });
  const shortage = leases.shortage.bind(leases);
  jest.spyOn(leases, 'shortage').mockImplementation((record) => {
    if (record.advertiserId === spent) return 'budget';
    return record.advertiserId === unpaid ? 'balance' : shortage(record);
  });
  const book = app.app.get(PacingBook, { strict: false });
  const pacing = book.pacing.bind(book);
  jest
    .spyOn(book, 'pacing')
    .mockImplementation((record) =>
      record.advertiserId === paced ? { passShare: 0.5, rankFactor: 0.75 } : pacing(record),
    );
  const adGroup = { targeting: { carrier: [carrier] } };
  for (const advertiserId of [spent, unpaid, paced]) await createServingCampaign(app, advertiserId, {}, adGroup);
  const { campaignId } = await createServingCampaign(app, ending, {}, adGroup);
  const patched = await app.request('PATCH', `/v1/campaigns/${campaignId}`, { endsAt }, at(NOON));
  expect(patched.status).toBe(200);
}
