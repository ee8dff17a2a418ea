import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApp, type TestApp } from '../servers/test-app.js';
import {
  createReportedAdvertisers,
  insertInvalidRows,
  insertRows,
  issueKey,
  report,
  type ReportedAdvertiser,
  rowsOf,
  storedRow,
} from './report-fixtures.js';

describe('what a report shows to whom', () => {
  let app: TestApp;
  let advertisers: readonly ReportedAdvertiser[];
  let analystKey: string;

  const creativeOf = (advertiser: ReportedAdvertiser | undefined): string => `crv_of_${advertiser?.id}`;

  beforeAll(async () => {
    app = await startTestApp();
    analystKey = await issueKey(app, { role: 'analyst' });
    advertisers = await createReportedAdvertisers(app);
    const rows = advertisers.map((advertiser) => ({
      ...storedRow(Date.parse('2026-05-01T00:00Z'), advertiser.id),
      ...{ creative: creativeOf(advertiser), impressions: 1 },
    }));
    await insertRows(app.dataSource, rows);
  });

  afterAll(() => app.close());

  describe('who may see what', () => {
    const year = { from: '2026-01-01', to: '2027-01-01', dimensions: 'advertiser', metrics: 'impressions' };
    const seenBy = async (key: string, filters: Record<string, string> = {}): Promise<readonly unknown[]> =>
      rowsOf(await report(app, { ...year, ...filters }, { key })).map(({ advertiser }) => advertiser);

    it('is all for admin and analyst, and its own rows for an advertiser', async () => {
      const all = advertisers.map(({ id }) => id).sort();
      expect(await seenBy(app.adminKey)).toEqual(all);
      expect(await seenBy(analystKey)).toEqual(all);
      for (const { id, key } of advertisers) expect(await seenBy(key)).toEqual([id]);
    });

    it('shows an advertiser the same of the ids of others as of unknown ones: nothing', async () => {
      const [own, other] = advertisers;
      const key = own?.key ?? '';
      expect(await seenBy(key, { advertiserId: other?.id ?? '' })).toEqual([]);
      expect(await seenBy(key, { advertiserId: 'adv_unknown' })).toEqual([]);
      expect(await seenBy(key, { advertiserId: `${own?.id},${other?.id}` })).toEqual([own?.id]);
      expect(await seenBy(key, { creativeId: creativeOf(other) })).toEqual([]);
      expect(await seenBy(analystKey, { creativeId: creativeOf(other) })).toEqual([other?.id]);
    });

    it('is nothing for a chat key and for no key', async () => {
      const chat = await report(app, year, { key: await issueKey(app, { role: 'chat' }) });
      expect([chat.status, (await report(app, year, { key: null })).status]).toEqual([403, 401]);
    });
  });

  describe('invalid traffic', () => {
    const query = { from: '2017-01-01', to: '2017-01-02', metrics: 'invalidClicks', dimensions: 'invalidReason' };
    const at = Date.parse('2017-01-01T00:00Z');

    beforeAll(async () => {
      const [own, other] = advertisers;
      const forged = { advertiser: '', campaign: '', adGroup: '', creative: '', placement: '' };
      const rows = [
        { ...storedRow(at, own?.id ?? ''), creative: 'crv_own', invalidReason: 'click_rate', clicks: 3 },
        { ...storedRow(at, other?.id ?? ''), creative: 'crv_other', invalidReason: 'bot', clicks: 5 },
        { ...storedRow(at, ''), ...forged, invalidReason: 'invalid_token', clicks: 7 },
      ];
      await insertInvalidRows(app.dataSource, rows);
      await insertRows(app.dataSource, [{ ...storedRow(at, own?.id ?? ''), creative: 'crv_own', clicks: 11 }]);
    });

    it('is apart from what is valid, by reason', async () => {
      expect(rowsOf(await report(app, query))).toEqual([
        { invalidReason: 'bot', invalidClicks: 5 },
        { invalidReason: 'click_rate', invalidClicks: 3 },
        { invalidReason: 'invalid_token', invalidClicks: 7 },
      ]);
      const beside = { from: query.from, to: query.to, metrics: 'clicks,invalidClicks' };
      expect(rowsOf(await report(app, beside))).toEqual([{ clicks: 11, invalidClicks: 15 }]);
      expect(rowsOf(await report(app, { ...beside, metrics: 'clicks' }))).toEqual([{ clicks: 11 }]);
    });

    it('of others, and forged tokens, are not shown to an advertiser', async () => {
      const key = advertisers[0]?.key ?? '';
      expect(rowsOf(await report(app, query, { key }))).toEqual([{ invalidReason: 'click_rate', invalidClicks: 3 }]);
      const all = { ...query, dimensions: 'advertiser', metrics: 'clicks,invalidClicks' };
      expect(rowsOf(await report(app, all, { key }))).toEqual([
        { advertiser: advertisers[0]?.id, clicks: 11, invalidClicks: 3 },
      ]);
    });

    it('shows forged tokens beside money without a currency', async () => {
      const money = { from: query.from, to: query.to, metrics: 'spendMicros,invalidClicks' };
      expect(rowsOf(await report(app, money))[0]).toEqual({ currency: '', spendMicros: 0, invalidClicks: 7 });
    });
  });
});
