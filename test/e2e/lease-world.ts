import { setTimeout } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { PlacementsService } from '../../src/serving/placements/placements.service.js';
import { eventually, startTestApp, type TestApp } from '../servers/test-app.js';
import {
  at,
  createAdvertiser,
  createServingCampaign,
  creativeBody,
  impressions,
  match,
  type ServingCampaign,
  untilKnown,
  untilSettled,
} from './fixtures.js';

const START = Date.parse('2026-11-22T03:00:00Z');
const DAY = 86_400_000;
export const HOLD_MS = 600_000;
export const WON = 1_000_000;
/** One message costs ₩5: the floor of the placement is the bid. */
export const BID = { model: 'cpm', amountMicros: 5_000 * WON };
export const PRICE = 5 * WON;
/** By then no message that was placed now can be shown, and nothing holds its money. */
export const UNTIL_OVER_MS = HOLD_MS + 60_000;

export interface SpentRow {
  readonly spent: number;
  readonly refused: number;
}

/** Two processes that share their servers, in a time of the tests' own, and the members who are shown messages. */
export class LeaseWorld {
  now = START;
  private members = 0;

  private constructor(
    readonly first: TestApp,
    readonly second: TestApp,
  ) {}

  static async start(): Promise<LeaseWorld> {
    // So that decisions are not given up, and have time to be made anew, on a slow machine.
    const env = { CLOCK: 'simulated', MATCH_DEADLINE_MS: '10000' };
    const first = await startTestApp({ env });
    const second = await startTestApp({ env: { ...env, ROLE: 'api' }, sharing: first });
    const rules = {
      maxMessages: 3,
      firstPosition: 1,
      spacing: 6,
      refreshAfterSeconds: 300,
      holdSeconds: HOLD_MS / 1000,
    };
    const placement = { ...rules, floorMicros: BID.amountMicros };
    expect((await first.request('PUT', '/v1/placements/chat_list', placement)).status).toBe(200);
    const known = second.app.get(PlacementsService, { strict: false });
    await eventually(() => Promise.resolve(known.get('chat_list')?.floorMicros === placement.floorMicros));
    return new LeaseWorld(first, second);
  }

  /** Nothing serves any more, and the next day begins. */
  async endDay(): Promise<void> {
    await this.first.dataSource.query(`UPDATE campaigns SET status = 'paused'`);
    this.now += DAY;
  }

  async close(): Promise<void> {
    await this.second.close();
    await this.first.close();
  }

  time() {
    return at(new Date(this.now).toISOString());
  }

  newMember(): string {
    return `member-${++this.members}`;
  }

  async sell(budget: object, creditMicros = 1_000_000 * WON, adGroup: object = {}): Promise<ServingCampaign> {
    const advertiserId = await createAdvertiser(this.first, {}, creditMicros);
    const campaign = await createServingCampaign(this.first, advertiserId, { budget }, { bid: BID, ...adGroup });
    const context = { context: { carrier: 'KT' } };
    for (const app of [this.first, this.second]) await untilKnown(app, campaign.adGroupId, this.time(), context);
    return campaign;
  }

  /** One more ad group of the campaign, which serves. */
  async addAdGroup({ campaignId }: ServingCampaign, fields: object): Promise<string> {
    const body = { name: 'one more', bid: BID, targeting: {}, creatives: [creativeBody()], ...fields };
    const added = await this.first.request('POST', `/v1/campaigns/${campaignId}/ad-groups`, body);
    expect(added.status).toBe(201);
    const approval = await this.first.request('POST', `/v1/creatives/${added.body.creatives[0].id}/approve`, {});
    expect(approval.status).toBe(200);
    return added.body.id as string;
  }

  /** So many members ask at once; answers the messages that were placed. */
  async ask(app: TestApp, count: number): Promise<{ token: string }[]> {
    const answers = await Promise.all(
      Array.from({ length: count }, () => match(app, this.newMember(), {}, this.time())),
    );
    return answers.flatMap(({ body }) => body.messages as { token: string }[]);
  }

  async see(messages: readonly { token: string }[]): Promise<void> {
    if (messages.length > 0)
      expect((await this.first.request('POST', '/v1/events', impressions(messages), this.time())).status).toBe(202);
  }

  async spentOf({ campaignId }: ServingCampaign): Promise<SpentRow> {
    const [row] = await this.first.dataSource.query<SpentRow[]>(
      `SELECT (SELECT coalesce(sum(spent_micros), 0)::bigint FROM daily_spend WHERE campaign_id = $1) AS spent,
              (SELECT count(*) FROM events WHERE campaign_id = $1 AND outcome = 'over_budget') AS refused`,
      [campaignId],
    );
    return row!;
  }

  /** How many messages the first process places until there is no more money for a while: the other gives back what it does not use. */
  async askUntilShort(): Promise<number> {
    let placed = 0;
    for (let since = Date.now(); Date.now() - since < 6_500; await setTimeout(100)) {
      const { length } = await this.ask(this.first, 10);
      placed += length;
      if (length > 0) since = Date.now();
    }
    return placed;
  }

  /** Both processes place and show messages until neither finds money for one more. */
  async exhaust(): Promise<void> {
    await eventually(async () => {
      const messages = (await Promise.all([this.ask(this.first, 20), this.ask(this.second, 20)])).flat();
      await this.see(messages);
      await untilSettled(this.first);
      return messages.length === 0;
    }, 25_000);
  }
}
