import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { LONGEST_COMMIT_MS, SettlementProgress } from '../../src/delivery/delivery.api.js';
import { exposureKey } from '../../src/delivery/exposure/exposure-scripts.js';
import { eventually, startTestApp, type TestApp } from '../servers/test-app.js';
import {
  at,
  createAdvertiser,
  createServingCampaign,
  impressions,
  match,
  untilKnown,
  untilSettled,
} from './fixtures.js';
import { whileSettlementWaits } from './held-settlement.js';
import { findFaults } from './settlement-oracle.js';

const NOON = Date.parse('2026-11-20T03:00:00Z');
const CAP = 2;

interface Message {
  readonly token: string;
}

describe('a batch that can not be settled', () => {
  let app: TestApp;
  let redis: Redis;
  let advertiserId: string;
  /** Simulated time, which only goes on. */
  let now = NOON;

  beforeAll(async () => {
    app = await startTestApp({ env: { CLOCK: 'simulated' } });
    redis = new Redis(app.redisUrl);
    advertiserId = await createAdvertiser(app);
    const campaign = await createServingCampaign(app, advertiserId, {
      frequencyCaps: [{ limit: CAP, window: 'lifetime' }],
    });
    await untilKnown(app, campaign.adGroupId, time());
    await app.dataSource.query(`
      CREATE FUNCTION refuse_report_rows() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION 'of %', NEW.creative_id USING ERRCODE = '23514', CONSTRAINT = 'refused_by_the_test';
      END $$`);
  });

  afterEach(() => setPoisoned(false));

  afterAll(async () => {
    redis.disconnect();
    await app.close();
  });

  const time = () => at(new Date(now).toISOString());

  /** While it is, no batch with an impression can be settled. */
  async function setPoisoned(isPoisoned: boolean): Promise<void> {
    await app.dataSource.query('DROP TRIGGER IF EXISTS refuse ON report_rows');
    if (!isPoisoned) return;
    await app.dataSource.query(
      'CREATE TRIGGER refuse BEFORE INSERT ON report_rows FOR EACH ROW EXECUTE FUNCTION refuse_report_rows()',
    );
  }

  async function place(userId: string): Promise<readonly Message[]> {
    const { status, body } = await match(app, userId, { maxMessages: 1 }, time());
    expect(status).toBe(200);
    return body.messages as Message[];
  }

  async function show(messages: readonly Message[]): Promise<void> {
    const { status } = await app.request('POST', '/v1/events', impressions(messages), time());
    expect(status).toBe(202);
  }

  /** Until no batch waits, and the process has seen that: whatever hold is over is free. */
  async function untilCalm(): Promise<void> {
    const progress = app.app.get(SettlementProgress, { strict: false });
    await eventually(async () => {
      const { body } = await app.request('GET', '/v1/ops/batches?status=waiting', undefined, time());
      return body.data.length === 0 && progress.settledUntil >= now - LONGEST_COMMIT_MS;
    }, 30_000);
  }

  async function parkedIds(): Promise<readonly string[]> {
    const { body } = await app.request('GET', '/v1/ops/batches?status=parked', undefined, time());
    return (body.data as { id: string }[]).map(({ id }) => id);
  }

  const retry = (id: string) => app.request('POST', `/v1/ops/batches/${id}/retry`, undefined, time());

  it('is parked, frees the holds of others and none of its members’ caps, and is settled when it is retried', async () => {
    await setPoisoned(true);
    const shown = [...(await place('seen')), ...(await place('seen'))];
    expect(shown).toHaveLength(CAP);
    for (let i = 0; i < CAP; i++) expect(await place('unseen')).toHaveLength(1);
    expect(await place('unseen')).toEqual([]);
    now += 9 * 60_000;
    await show(shown);
    await untilCalm();
    const [id = '', ...others] = await parkedIds();
    expect(others).toEqual([]);
    const { body } = await app.request('GET', `/v1/ops/batches/${id}`, undefined, time());
    expect(body).toMatchObject({ status: 'parked', attempts: 1, eventCount: CAP, settledAt: null });
    expect(body.lastError).toBe('Postgres error 23514 (refused_by_the_test)');

    now += 60 * 60_000;
    await untilCalm();
    expect(await place('unseen')).toHaveLength(1);
    expect(await place('seen')).toEqual([]);
    await redis.del(exposureKey('seen'));
    expect(await place('seen')).toEqual([]);

    await setPoisoned(false);
    expect(await retry(id)).toMatchObject({ status: 200, body: { status: 'waiting', parkedAt: null, attempts: 0 } });
    await untilSettled(app);
    expect(await findFaults(app.dataSource)).toEqual({});
    expect(await place('seen')).toEqual([]);
  }, 60_000);

  it('keeps nobody waiting when it is retried, however long ago it came', async () => {
    await setPoisoned(true);
    await show(await place('long-ago'));
    await untilCalm();
    const [id = ''] = await parkedIds();
    await app.dataSource.query("UPDATE event_batches SET committed_at = now() - interval '6 hours' WHERE id = $1", [
      id,
    ]);
    now += 6 * 60 * 60_000;
    await untilCalm();
    await setPoisoned(false);
    const progress = app.app.get(SettlementProgress, { strict: false });
    await whileSettlementWaits(app, advertiserId, async () => {
      expect(await retry(id)).toMatchObject({ status: 200, body: { status: 'waiting' } });
      await eventually(() => Promise.resolve(progress.counts.batches === 1));
      expect(progress.settledUntil).toBeGreaterThanOrEqual(now - LONGEST_COMMIT_MS);
      expect([progress.lagSeconds, progress.restShare]).toEqual([0, 0]);
    });
    await untilSettled(app);
    expect(await findFaults(app.dataSource)).toEqual({});
  }, 60_000);

  it('breaks no cap, whatever is placed, shown, parked and retried in whichever order', async () => {
    const anyStep = fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('place' as const), member: fc.nat(2) }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('show' as const), member: fc.nat(2) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), minutes: fc.constantFrom(2, 9, 30) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('poison' as const), isPoisoned: fc.boolean() }) },
      { weight: 1, arbitrary: fc.constant({ kind: 'retry' as const }) },
    );
    let run = 0;
    let served = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { minLength: 25, maxLength: 40 }), async (steps) => {
        run++;
        await setPoisoned(true);
        const open = new Map<string, Message[]>();
        const nameOf = (member: number) => `any-${run}-${member}`;
        for (const step of steps) {
          await untilCalm();
          if (step.kind === 'place') {
            const name = nameOf(step.member);
            open.set(name, [...(open.get(name) ?? []), ...(await place(name))]);
          } else if (step.kind === 'show') {
            // Those whose holds are over are rejected; none is shown twice.
            await show(open.get(nameOf(step.member))?.splice(0) ?? []);
          } else if (step.kind === 'wait') now += step.minutes * 60_000;
          else if (step.kind === 'poison') await setPoisoned(step.isPoisoned);
          else for (const id of await parkedIds()) await retry(id);
        }
        const counted = await app.dataSource.query<{ member_id: string; shown: number }[]>(
          "SELECT member_id, count(*) AS shown FROM events WHERE type = 'impression' GROUP BY member_id",
        );
        served += counted.length;
        expect(counted.filter(({ shown }) => shown > CAP)).toEqual([]);
      }),
      { numRuns: 5, endOnFailure: true },
    );
    expect(served).toBeGreaterThan(0);
    await setPoisoned(false);
    // A batch that failed just now is parked only then.
    await untilCalm();
    for (const id of await parkedIds()) await retry(id);
    await untilSettled(app);
    expect(await findFaults(app.dataSource)).toEqual({});
  }, 180_000);
});
