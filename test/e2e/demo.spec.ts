import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ApiClient } from '../../src/commands/api-client.js';
import { DEMO_MEMBER } from '../../src/commands/demo/demo-member.js';
import { type DemoSummary, runDemo } from '../../src/commands/demo/run-demo.js';
import { eventually, startTestApp, type TestApp } from '../servers/test-app.js';

jest.setTimeout(60_000);

const MEMBERS = 60;

describe('the demo', () => {
  let app: TestApp;
  let client: ApiClient;
  let summary: DemoSummary;

  beforeAll(async () => {
    app = await startTestApp();
    client = new ApiClient({ url: app.url, key: app.adminKey });
    summary = await runDemo(client, { members: MEMBERS });
  });

  afterAll(() => app.close());

  it('fills an empty instance with advertisers, campaigns, interests and members', async () => {
    expect(summary).toMatchObject({ alreadyThere: false, advertisers: 50, adGroups: 300, members: MEMBERS });
    expect(await counts()).toEqual({
      advertisers: 50,
      campaigns: summary.campaigns,
      adGroups: 300,
      creatives: summary.creatives,
      approved: summary.creatives,
      active: summary.campaigns,
      segments: summary.segments,
      members: MEMBERS,
    });
  });

  it('gives the first member three messages, of three advertisers, in the member’s language', async () => {
    const request = { userId: DEMO_MEMBER, placement: 'chat_list', chatCount: 42 };
    const { messages } = await client.post<{
      messages: readonly { advertiserId: string; title: string; body: string }[];
    }>('/v1/match', { body: request });
    expect(messages).toHaveLength(3);
    expect(new Set(messages.map(({ advertiserId }) => advertiserId)).size).toBe(3);
    for (const message of messages) expect(`${message.title} ${message.body}`).toMatch(/[가-힣]/);
  });

  it('has enough to say to the first member at every hour of the week', async () => {
    const simulated = await startTestApp({ sharing: app, env: { CLOCK: 'simulated' } });
    const client = new ApiClient({ url: simulated.url, key: simulated.adminKey });
    try {
      const sunday = Date.UTC(2031, 5, 1, 15);
      const explain = (time: number) => {
        const request = { userId: DEMO_MEMBER, placement: 'chat_list', chatCount: 42 };
        return client.at(time).post<{ counts: { placed: number } }>('/v1/match/explain', { body: request });
      };
      // Campaigns that have just begun serve once money is claimed for them.
      await eventually(async () => (await explain(sunday)).counts.placed > 0);
      for (let hour = 0; hour < 7 * 24; hour += 3) {
        const time = sunday + hour * 3_600_000;
        const explanation = await explain(time);
        expect({ at: new Date(time), placed: explanation.counts.placed }).toEqual({ at: new Date(time), placed: 3 });
      }
    } finally {
      await simulated.close();
    }
  });

  it('changes nothing when it is run again', async () => {
    const before = await counts();
    const again = await runDemo(client, { members: MEMBERS });
    expect(again.alreadyThere).toBe(true);
    expect(await counts()).toEqual(before);
  });

  it('takes up a run that was cut off', async () => {
    const before = await counts();
    expect((await app.request('DELETE', `/v1/profiles/${DEMO_MEMBER}`)).status).toBe(204);
    await app.dataSource.query(
      `UPDATE creatives SET status = 'pending' WHERE id IN (SELECT id FROM creatives LIMIT 40)`,
    );
    await app.dataSource.query(`UPDATE campaigns SET status = 'draft' WHERE id IN (SELECT id FROM campaigns LIMIT 10)`);
    expect(await runDemo(client, { members: MEMBERS })).toEqual(summary);
    expect(await counts()).toEqual(before);
  });

  async function counts(): Promise<Record<string, number>> {
    const [row] = await app.dataSource.query<Record<string, number>[]>(
      `SELECT (SELECT count(*)::int FROM advertisers) AS advertisers, (SELECT count(*)::int FROM campaigns) AS campaigns,
         (SELECT count(*)::int FROM campaigns WHERE status = 'active') AS active,
         (SELECT count(*)::int FROM ad_groups) AS "adGroups", (SELECT count(*)::int FROM creatives) AS creatives,
         (SELECT count(*)::int FROM creatives WHERE status = 'approved') AS approved,
         (SELECT count(*)::int FROM segments) AS segments, (SELECT count(*)::int FROM profiles) AS members`,
    );
    return row ?? {};
  }
});
