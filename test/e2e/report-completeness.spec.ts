import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, startTestApp, type TestApp, type TestResponse } from '../servers/test-app.js';
import { report, rowsOf, storedRow } from './report-fixtures.js';

describe('how complete a report is', () => {
  let app: TestApp;

  beforeAll(async () => {
    // No worker: nothing settles the batches that tests put in.
    app = await startTestApp({ env: { CLOCK: 'simulated', ROLE: 'api' } });
  });

  afterAll(() => app.close());

  const at = (time: string) => ({ headers: { 'x-simulated-time': time } });
  const completeness = async (query: Record<string, string>, time: string): Promise<unknown> => {
    const answer = await report(app, { from: '2027-01-01', ...query }, at(time));
    const { asOf, isFinal } = answer.body as { asOf: string; isFinal: boolean };
    expect([answer.headers.get('x-as-of'), answer.headers.get('x-is-final')]).toEqual([asOf, String(isFinal)]);
    return { asOf, isFinal };
  };

  it('is as of the request where all is settled, and of the oldest batch that is not', async () => {
    const query = { to: '2027-01-02' };
    const now = '2027-03-01T00:00:00.000Z';
    expect(await completeness(query, now)).toEqual({ asOf: now, isFinal: true });
    const receivedAt = ['2027-01-01T12:00:00.250Z', '2027-01-01T12:00:00.000Z', '2027-04-01T00:00:00.000Z'];
    for (const [index, received] of receivedAt.entries()) {
      await app.dataSource.query('INSERT INTO event_batches (id, received_at, event_count) VALUES ($1, $2, 1)', [
        `bat_${index}`,
        received,
      ]);
    }
    expect(await completeness(query, now)).toEqual({ asOf: receivedAt[1], isFinal: false });
    await app.dataSource.query(`UPDATE event_batches SET settled_at = now() WHERE id = 'bat_1'`);
    expect(await completeness(query, now)).toEqual({ asOf: receivedAt[0], isFinal: false });
    await app.dataSource.query(`UPDATE event_batches SET settled_at = now() WHERE id = 'bat_0'`);
    // What is received after the request can't make it more recent than it is.
    expect(await completeness(query, now)).toEqual({ asOf: now, isFinal: true });
    await app.dataSource.query('DELETE FROM event_batches');
  });

  it('is final once holds and commits are over; with conversions, 30 days later', async () => {
    // 600 s is the hold of chat_list, 45 s what a commit may take.
    const query = { to: '2027-01-02' };
    expect(await completeness(query, '2027-01-02T00:10:44.999Z')).toMatchObject({ isFinal: false });
    expect(await completeness(query, '2027-01-02T00:10:45.000Z')).toMatchObject({ isFinal: true });
    const withConversions = { ...query, metrics: 'conversions' };
    expect(await completeness(withConversions, '2027-02-01T00:00:44.999Z')).toMatchObject({ isFinal: false });
    expect(await completeness(withConversions, '2027-02-01T00:00:45.000Z')).toMatchObject({ isFinal: true });
  });

  it('allows for the longest hold, and for what it was before a change', async () => {
    const rules = { maxMessages: 1, firstPosition: 0, spacing: 0, refreshAfterSeconds: 60, holdSeconds: 1_800 };
    const put = (holdSeconds: number, time: string): Promise<TestResponse> =>
      app.request('PUT', '/v1/placements/settings_list', { ...rules, holdSeconds }, at(time));
    expect((await put(1_800, '2027-01-01T00:00:00Z')).status).toBe(200);
    expect(await completeness({ to: '2027-01-02' }, '2027-01-02T00:30:44.999Z')).toMatchObject({ isFinal: false });
    expect(await completeness({ to: '2027-01-02' }, '2027-01-02T00:30:45.000Z')).toMatchObject({ isFinal: true });
    expect((await put(60, '2027-01-01T23:59:59Z')).status).toBe(200);
    expect(await completeness({ to: '2027-01-02' }, '2027-01-02T00:30:44.999Z')).toMatchObject({ isFinal: false });
    expect(await completeness({ to: '2027-01-02' }, '2027-01-02T00:30:45.000Z')).toMatchObject({ isFinal: true });
    expect(await completeness({ to: '2027-01-04' }, '2027-01-04T00:10:44.999Z')).toMatchObject({ isFinal: false });
    expect(await completeness({ to: '2027-01-04' }, '2027-01-04T00:10:45.000Z')).toMatchObject({ isFinal: true });
  });

  it('allows for what a hold time was when the oldest batch came, however often it was changed since', async () => {
    const rules = { maxMessages: 1, firstPosition: 0, spacing: 0, refreshAfterSeconds: 60 };
    const put = (holdSeconds: number, time: string): Promise<TestResponse> =>
      app.request('PUT', '/v1/placements/edited_list', { ...rules, holdSeconds }, at(time));
    for (const [holdSeconds, time] of [
      [3_600, '2027-01-31T00:00:00Z'],
      [60, '2027-02-01T00:03:00Z'],
      [120, '2027-02-01T01:12:00Z'],
    ] as const) {
      expect((await put(holdSeconds, time)).status).toBe(200);
    }
    const waits = `INSERT INTO event_batches (id, received_at, event_count) VALUES ('bat_late', '2027-02-01T00:35:00Z', 1)`;
    await app.dataSource.query(waits);
    // What was decided until then may be seen until 01:00.
    const query = { to: '2027-02-01' };
    expect(await completeness(query, '2027-02-01T14:30:00.000Z')).toMatchObject({ isFinal: false });
    await app.dataSource.query(`UPDATE event_batches SET settled_at = now() WHERE id = 'bat_late'`);
    expect(await completeness(query, '2027-02-01T14:30:00.000Z')).toMatchObject({ isFinal: true });
    await app.dataSource.query('DELETE FROM event_batches');
  });

  it('is read in the same snapshot as the rows', async () => {
    const query = { from: '2028-01-01', to: '2028-01-02', metrics: 'impressions' };
    await app.dataSource.query(
      `INSERT INTO event_batches (id, received_at, event_count) VALUES ('bat_s', '2028-01-01', 1)`,
    );
    const settling = app.dataSource.createQueryRunner();
    await settling.startTransaction();
    await settling.query('LOCK TABLE report_rows IN ACCESS EXCLUSIVE MODE');
    const asked = report(app, query, at('2028-02-01T00:00:00Z'));
    // The report has its time and waits for the rows.
    await eventually(async () => {
      const waiting = await app.dataSource.query<unknown[]>(
        `SELECT FROM pg_locks WHERE NOT granted AND relation = 'report_rows'::regclass`,
      );
      return waiting.length > 0;
    });
    const row = { ...storedRow(Date.parse('2028-01-01T00:00Z'), 'adv_x'), impressions: 1 };
    await settling.query(`INSERT INTO report_rows SELECT '2028-01-01', $1, $2, $3, $4, $5, 1`, [
      row.advertiser,
      row.campaign,
      row.adGroup,
      row.creative,
      row.placement,
    ]);
    await settling.query(`UPDATE event_batches SET settled_at = now() WHERE id = 'bat_s'`);
    await settling.commitTransaction();
    await settling.release();
    expect((await asked).body).toEqual({ rows: [], asOf: '2028-01-01T00:00:00.000Z', isFinal: false });
    expect(rowsOf(await report(app, query))).toEqual([{ impressions: 1 }]);
  });
});
