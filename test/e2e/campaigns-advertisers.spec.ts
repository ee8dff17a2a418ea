import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MAX_AMOUNT_MICROS } from '../../src/core/money/micros.js';
import { startTestApp, type TestApp, type TestResponse } from '../servers/test-app.js';
import { createAdvertiser, WON } from './fixtures.js';

describe('advertisers and their money', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp();
  });

  afterAll(() => app.close());

  async function keyOf(advertiserId: string): Promise<string> {
    const issued = await app.request('POST', '/v1/api-keys', { role: 'advertiser', name: 'own', advertiserId });
    return issued.body.key as string;
  }

  describe('advertisers', () => {
    it('are created with a currency, a time zone and an empty account', async () => {
      const body = { name: '서울 커피', currency: 'USD', timeZone: 'America/New_York' };
      const created = await app.request('POST', '/v1/advertisers', body);
      expect(created).toMatchObject({ status: 201, body: { ...body, version: 1 } });
      const path = `/v1/advertisers/${created.body.id}`;
      expect((await app.request('GET', path)).body).toEqual(created.body);
      expect((await app.request('GET', `${path}/balance`)).body).toEqual({
        balanceMicros: 0,
        currency: 'USD',
        creditedMicros: 0,
        spentMicros: 0,
        refundedMicros: 0,
        asOf: expect.any(String),
      });
    });

    it.each([
      [{ currency: 'XYZ' }, 'currency'],
      [{ currency: 'krw' }, 'currency'],
      [{ timeZone: 'Asia/Atlantis' }, 'timeZone'],
      [{ timeZone: '+09:00' }, 'timeZone'],
      [{ name: '' }, 'name'],
      [{ name: '\u202eevil' }, 'name'],
      [{ balance: 5 }, 'balance'],
    ])('refuse %j at its path', async (fields, path) => {
      const body = { name: 'a', currency: 'KRW', timeZone: 'Asia/Seoul', ...fields };
      const { status, body: problem } = await app.request('POST', '/v1/advertisers', body);
      expect({ status, path: problem.errors[0].path }).toEqual({ status: 422, path });
    });

    it('names the currencies that are known when another one comes', async () => {
      const body = { name: 'a', currency: 'XYZ', timeZone: 'Asia/Seoul' };
      const { body: problem } = await app.request('POST', '/v1/advertisers', body);
      expect(problem.errors[0].message).toContain('EUR, GBP, JPY, KRW, USD');
    });

    it('keep their currency for good, and change the rest by version', async () => {
      const path = `/v1/advertisers/${await createAdvertiser(app, {}, 0)}`;
      const refused = await app.request('PATCH', path, { currency: 'USD' });
      expect(refused).toMatchObject({ status: 422, body: { errors: [{ path: 'currency' }] } });
      const changed = await app.request(
        'PATCH',
        path,
        { name: '새 이름', timeZone: 'Asia/Tokyo', currency: 'KRW' },
        { headers: { 'if-match': '"1"' } },
      );
      expect(changed).toMatchObject({ status: 200, body: { name: '새 이름', timeZone: 'Asia/Tokyo', version: 2 } });
      expect((await app.request('PATCH', path, { name: 'x' }, { headers: { 'if-match': '"1"' } })).status).toBe(412);
    });

    it('change their own name and caps with their own key, but not their time zone', async () => {
      const id = await createAdvertiser(app, {}, 0);
      const key = await keyOf(id);
      const path = `/v1/advertisers/${id}`;
      const frequencyCaps = [{ limit: 6, window: { length: 1, unit: 'day', kind: 'rolling' } }];
      expect((await app.request('PATCH', path, { name: '우리', frequencyCaps }, { key })).status).toBe(200);
      expect(await app.request('PATCH', path, { timeZone: 'UTC' }, { key })).toMatchObject({
        status: 403,
        body: { code: 'role_not_allowed' },
      });
      expect((await app.request('GET', path, undefined, { key })).body).toMatchObject({
        name: '우리',
        frequencyCaps,
        timeZone: 'Asia/Seoul',
      });
    });

    it('are listed page by page', async () => {
      for (let i = 0; i < 3; i++) await createAdvertiser(app, {}, 0);
      const all = await app.request('GET', '/v1/advertisers?limit=500');
      const ids: string[] = [];
      for (let cursor = ''; ;) {
        const page = await app.request('GET', `/v1/advertisers?limit=2${cursor}`);
        ids.push(...page.body.data.map((advertiser: { id: string }) => advertiser.id));
        if (page.body.nextCursor === null) break;
        cursor = `&cursor=${page.body.nextCursor}`;
      }
      expect(ids).toEqual(all.body.data.map((advertiser: { id: string }) => advertiser.id));
      expect(ids.length).toBeGreaterThanOrEqual(3);
    });
  });

  describe('credits', () => {
    const credit = (id: string, amountMicros: number, reference: string, headers = {}): Promise<TestResponse> =>
      app.request('POST', `/v1/advertisers/${id}/credits`, { amountMicros, reference }, { headers });

    async function balance(id: string): Promise<unknown> {
      return (await app.request('GET', `/v1/advertisers/${id}/balance`)).body as unknown;
    }

    it('raise the balance once for each reference', async () => {
      const id = await createAdvertiser(app, {}, 0);
      const first = await credit(id, 5 * WON, 'invoice-1');
      expect(first).toMatchObject({ status: 201, body: { advertiserId: id, amountMicros: 5 * WON, currency: 'KRW' } });
      const again = await credit(id, 5 * WON, 'invoice-1');
      expect(again.status).toBe(201);
      expect(again.body).toEqual(first.body);
      expect(await credit(id, 6 * WON, 'invoice-1')).toMatchObject({ status: 409, body: { code: 'reference_reused' } });
      await credit(id, WON, 'invoice-2');
      expect(await balance(id)).toMatchObject({
        balanceMicros: 6 * WON,
        currency: 'KRW',
        creditedMicros: 6 * WON,
        spentMicros: 0,
      });
    });

    it('may use the reference of another advertiser', async () => {
      const [one, other] = [await createAdvertiser(app, {}, 0), await createAdvertiser(app, {}, 0)];
      await credit(one, WON, 'same');
      expect((await credit(other, 2 * WON, 'same')).status).toBe(201);
      expect(await balance(other)).toMatchObject({ balanceMicros: 2 * WON });
    });

    it('count once when they come at the same time, with or without an Idempotency-Key', async () => {
      const id = await createAdvertiser(app, {}, 0);
      const answers = await Promise.all([
        ...[1, 2, 3].map(() => credit(id, 7 * WON, 'at-once')),
        ...[1, 2, 3].map(() => credit(id, 7 * WON, 'at-once', { 'idempotency-key': `credit-${id}` })),
      ]);
      expect(answers.map(({ status }) => status)).toEqual(new Array(6).fill(201));
      for (const answer of answers) expect(answer.body).toEqual(answers[0]?.body);
      expect(await balance(id)).toMatchObject({ balanceMicros: 7 * WON, creditedMicros: 7 * WON });
    });

    it('never lift the balance above the most that is held, and then enter nothing', async () => {
      const id = await createAdvertiser(app, {}, 0);
      await credit(id, MAX_AMOUNT_MICROS - 1, 'nearly-all');
      const rivals = await Promise.all([1, 2, 3].map((i) => credit(id, 1, `last-${i}`)));
      expect(rivals.map(({ status }) => status).sort()).toEqual([201, 422, 422]);
      expect(await balance(id)).toMatchObject({ balanceMicros: MAX_AMOUNT_MICROS, creditedMicros: MAX_AMOUNT_MICROS });
      const refused = await credit(id, 1, 'one-more');
      expect(refused).toMatchObject({ status: 422, body: { errors: [{ path: 'amountMicros' }] } });
    });

    it('balance in the ledger, which is the same as the account', async () => {
      const id = await createAdvertiser(app, {}, 0);
      for (let i = 1; i <= 4; i++) await credit(id, i * WON, `part-${i}`);
      const [ledger] = await app.dataSource.query<{ account: string; sum: string }[]>(
        `SELECT e.account, sum(e.amount_micros)::text FROM ledger_entries e
         WHERE e.account = $1 GROUP BY e.account`,
        [`prepaid:${id}`],
      );
      expect(ledger).toEqual({ account: `prepaid:${id}`, sum: String(10 * WON) });
      const [total] = await app.dataSource.query<{ sum: string }[]>(
        'SELECT sum(amount_micros)::text FROM ledger_entries',
      );
      expect(total?.sum).toBe('0');
    });

    it('sum up exactly beyond what a double can hold', async () => {
      const id = await createAdvertiser(app, {}, 0);
      await credit(id, MAX_AMOUNT_MICROS, 'first');
      // What settlement does with a charge: an entry, and a lower balance, in one transaction.
      await app.dataSource.transaction(async (tx) => {
        await tx.query(
          `INSERT INTO ledger_transfers
             (id, kind, advertiser_id, debit_account, credit_account, amount_micros, currency, reference, created_at)
           VALUES ($1, 'charge', $2, 'prepaid:' || $2, 'revenue:KRW', $3, 'KRW', 'x', now())`,
          [`trf_${id}`, id, MAX_AMOUNT_MICROS - 1],
        );
        await tx.query('UPDATE prepaid_accounts SET balance_micros = 1 WHERE advertiser_id = $1', [id]);
      });
      await credit(id, 7_199_254_740_993, 'second');
      const { text } = await app.request('GET', `/v1/advertisers/${id}/balance`);
      expect(text).toContain(`"creditedMicros":${9_000_000_000_000_000n + 7_199_254_740_993n}`);
      expect(text).toContain(`"spentMicros":${MAX_AMOUNT_MICROS - 1},`);
      expect(text).toContain('"balanceMicros":7199254740994,');
    });

    it.each([
      [{ amountMicros: 0, reference: 'r' }, 'amountMicros'],
      [{ amountMicros: -1, reference: 'r' }, 'amountMicros'],
      [{ amountMicros: 1.5, reference: 'r' }, 'amountMicros'],
      [{ amountMicros: '5', reference: 'r' }, 'amountMicros'],
      [{ amountMicros: 1e300, reference: 'r' }, 'amountMicros'],
      [{ amountMicros: 1 }, 'reference'],
      [{ amountMicros: 1, reference: 'r', currency: 'KRW' }, 'currency'],
    ])('refuse %j at its path', async (body, path) => {
      const id = await createAdvertiser(app, {}, 0);
      const { status, body: problem } = await app.request('POST', `/v1/advertisers/${id}/credits`, body);
      expect({ status, path: problem.errors[0].path }).toEqual({ status: 422, path });
    });

    it('are for admin keys, and for advertisers that exist', async () => {
      const id = await createAdvertiser(app, {}, 0);
      const body = { amountMicros: 1, reference: 'mine' };
      const key = await keyOf(id);
      expect((await app.request('POST', `/v1/advertisers/${id}/credits`, body, { key })).status).toBe(403);
      expect((await app.request('GET', `/v1/advertisers/${id}/balance`, undefined, { key })).status).toBe(200);
      expect((await credit('adv_unknown', 1, 'r')).status).toBe(404);
    });
  });
});
