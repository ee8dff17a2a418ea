import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { AdGroupSource, type CampaignChanges } from '../../src/campaigns/campaigns.api.js';
import type { PollLoop } from '../../src/platform/poll-loop.js';
import { IndexUpkeep } from '../../src/serving/upkeep/index-upkeep.js';
import { LiveIndex } from '../../src/serving/upkeep/live-index.js';
import { BreakableProxy } from '../servers/breakable-proxy.js';
import { startTestApp, type TestApp } from '../servers/test-app.js';
import { until } from '../servers/until.js';
import { campaignBody, createAdvertiser, createServingCampaign, match, postCampaign, untilKnown } from './fixtures.js';

/** What is promised, and a second for a busy machine. */
const OUT_WITHIN_MS = 2_000;

/**
 * A fleet of two: one makes the changes, the other hears of them through a proxy. On every process a campaign that was
 * changed must be out of the decisions within a second.
 */
describe('a change of a campaign', () => {
  let proxy: BreakableProxy;
  let writer: TestApp;
  let reader: TestApp;
  let advertiserId: string;
  let members = 0;

  beforeAll(async () => {
    writer = await startTestApp();
    proxy = await BreakableProxy.before(writer.databaseUrl);
    reader = await startTestApp({ sharing: writer, databaseUrl: proxy.url });
    advertiserId = await createAdvertiser(writer);
  });

  afterAll(async () => {
    await reader.close();
    await proxy.cut();
    await writer.close();
  });

  async function serving(fields: object = {}): Promise<{ campaignId: string; adGroupId: string }> {
    const campaign = await createServingCampaign(writer, advertiserId, fields);
    for (const app of [writer, reader]) await untilKnown(app, campaign.adGroupId);
    await until('both place it', async () => (await placedBy(writer)) && (await placedBy(reader)));
    return campaign;
  }

  /** Whether a member who has seen nothing yet is placed a message. There is one campaign at a time. */
  async function placedBy(app: TestApp): Promise<boolean> {
    const { status, body } = await match(app, `m-${members++}`);
    expect(status).toBe(200);
    return body.messages.length > 0;
  }

  const act = async (campaignId: string, action: string): Promise<void> => {
    expect((await writer.request('POST', `/v1/campaigns/${campaignId}/${action}`)).status).toBe(200);
  };

  /** From now on; answers how long it was still placed. */
  async function expectOut(): Promise<void> {
    const start = performance.now();
    for (const app of [writer, reader]) await until('it is out', async () => !(await placedBy(app)));
    expect(performance.now() - start).toBeLessThan(OUT_WITHIN_MS);
  }

  it.each(['pause', 'archive'])('is in force on every process (%s)', async (action) => {
    const { campaignId } = await serving();
    await act(campaignId, action);
    await expectOut();
    if (action === 'pause') await act(campaignId, 'archive');
  });

  it('is in force on every process where it is its end', async () => {
    const { campaignId } = await serving();
    const endsAt = new Date(Date.now() + 500).toISOString();
    expect((await writer.request('PATCH', `/v1/campaigns/${campaignId}`, { endsAt })).status).toBe(200);
    await until('it is over', () => Promise.resolve(Date.now() >= Date.parse(endsAt)));
    await expectOut();
  });

  it('need not come for one to be forgotten that was over an hour ago: its end was known before', async () => {
    const { adGroupId, campaignId } = await serving();
    const index = reader.app.get(LiveIndex, { strict: false });
    const known = index.get(adGroupId)!.record;
    const [lately, longAgo] = [3_000_000, 4_000_000].map((ms) => ({ ...known, endsAt: Date.now() - ms }));
    for (const [id, record] of [
      ['adg_lately', lately!],
      ['adg_long_ago', longAgo!],
    ] as const)
      index.put({ ...record, id });
    const { sweeping } = reader.app.get<{ readonly sweeping: PollLoop }>(IndexUpkeep, { strict: false });
    sweeping.trigger();
    await until('it is forgotten', () => Promise.resolve(index.get('adg_long_ago') === null));
    for (const id of [adGroupId, 'adg_lately']) expect(index.get(id)).not.toBeNull();
    index.removeAdGroup('adg_lately');
    await act(campaignId, 'archive');
  });

  it('is in force on every process although its announcement gets lost', async () => {
    const { campaignId } = await serving();
    const [row] = await writer.dataSource.query<{ definition: string }[]>(
      `SELECT pg_get_functiondef('announce_campaign'::regproc) AS definition`,
    );
    const definition = row?.definition ?? '';
    const silent = definition.replace(/PERFORM pg_notify\([^;]*;/, '');
    expect(silent).not.toBe(definition);
    await writer.dataSource.query(silent);
    await act(campaignId, 'pause');
    await expectOut();
    await writer.dataSource.query(definition);
    await act(campaignId, 'archive');
  });

  it('is in force although the connection that hears of it breaks just before', async () => {
    const { campaignId } = await serving();
    const ended = await writer.dataSource.query<object[]>(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE application_name = 'matchum-campaign_changed' AND datname = current_database()`,
    );
    expect(ended).toHaveLength(2);
    await act(campaignId, 'pause');
    await expectOut();
    await act(campaignId, 'archive');
  });

  it('is not missed for long by a process that gets no answer about changes: it places nothing by what it knew', async () => {
    const { campaignId } = await serving();
    const source = reader.app.get(AdGroupSource);
    const hanging: (() => void)[] = [];
    const read = source.changedSince.bind(source);
    const changes = jest.spyOn(source, 'changedSince').mockImplementation(async (horizon) => {
      await new Promise<void>((resolve) => hanging.push(resolve));
      return read(horizon);
    });
    await act(campaignId, 'pause');
    await until('nothing is placed', async () => !(await placedBy(reader)));
    expect((await match(reader, 'm-of-the-end')).body.noFill).toEqual({ reason: 'unavailable' });
    await act(campaignId, 'activate');
    changes.mockRestore();
    for (const goOn of hanging) goOn();
    await until('it is placed again', () => placedBy(reader));
    await act(campaignId, 'archive');
  });

  describe('among many', () => {
    /** Three reads of campaigns. */
    const MANY = 45;
    const others: string[] = [];

    beforeAll(async () => {
      for (let i = 0; i < MANY; i++) {
        const { status, body } = await postCampaign(writer, campaignBody(advertiserId));
        expect(status).toBe(201);
        others.push(body.id as string);
      }
    });

    /** Whether the reader's ad group may serve as each of its reads begins, until all of `ids` are read; then `onRead` is awaited. */
    async function servesAtReads(
      adGroupId: string,
      ids: readonly string[],
      change: () => Promise<unknown>,
      onRead: () => Promise<unknown> = () => Promise.resolve(),
    ): Promise<readonly boolean[]> {
      const source = reader.app.get(AdGroupSource);
      const index = reader.app.get(LiveIndex);
      const load = source.loadCampaigns.bind(source);
      const serves: boolean[] = [];
      const unread = new Set(ids);
      // What was changed before is not read again once a poll has found nothing; while it reads, it asks for stops alone.
      const { loop } = reader.app.get<{ readonly loop: { readonly running: object | null } }>(IndexUpkeep, {
        strict: false,
      });
      const polls = jest.spyOn(source, 'changedSince');
      await until('nothing is left to be read', async () => {
        const changes = (await polls.mock.results.at(-1)?.value) as CampaignChanges | undefined;
        return changes?.campaignIds.length === 0 && loop.running === null;
      });
      polls.mockRestore();
      const spy = jest.spyOn(source, 'loadCampaigns').mockImplementation(async function* (read) {
        serves.push(index.get(adGroupId)?.record.campaignStatus === 'active');
        await onRead();
        yield* load(read);
        for (const id of read) unread.delete(id);
      });
      try {
        await change();
        await until('all are read', () => Promise.resolve(unread.size === 0));
      } finally {
        spy.mockRestore();
      }
      return serves;
    }

    const changeOthers = `UPDATE campaigns SET name = name || '.' WHERE id = ANY($1)`;

    it('is in force before others that changed with it are read', async () => {
      const { campaignId, adGroupId } = await serving();
      const serves = await servesAtReads(adGroupId, [...others, campaignId], () =>
        writer.dataSource.query(
          `WITH others AS (${changeOthers}) UPDATE campaigns SET status = 'paused' WHERE id = $2`,
          [others, campaignId],
        ),
      );
      expect(serves.length).toBeGreaterThanOrEqual(3);
      expect(serves[0]).toBe(false);
      await act(campaignId, 'archive');
    });

    it('is in force before the others of which the reading had begun before it', async () => {
      const { campaignId, adGroupId } = await serving();
      let isPaused = false;
      const serves = await servesAtReads(
        adGroupId,
        others,
        () => writer.dataSource.query(changeOthers, [others]),
        async () => {
          if (!isPaused) await act(campaignId, 'pause');
          isPaused = true;
        },
      );
      expect(serves.slice(0, 3)).toEqual([true, false, false]);
      await act(campaignId, 'archive');
    });
  });

  it.each(['cut', 'hang'] as const)('is in force once Postgres is there again (%s)', async (way) => {
    const { campaignId } = await serving();
    await proxy[way]();
    await act(campaignId, 'pause');
    await until('the process without Postgres places nothing', async () => !(await placedBy(reader)));
    await proxy.mend();
    await expectOut();
    await act(campaignId, 'archive');
    // It is not out because nothing is placed at all.
    await act((await serving()).campaignId, 'archive');
    await expectOut();
  });
});
