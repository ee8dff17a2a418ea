import { expect } from '@jest/globals';
import type { TestApp } from '../servers/test-app.js';
import { at, createAdvertiser, createServingCampaign, match, untilKnown } from './fixtures.js';

/** Sunday, 12:00 in Seoul. */
export const NOON = '2026-11-22T03:00:00Z';

export interface Explained {
  readonly adGroupId: string;
  readonly outcome: 'placed' | 'outranked' | 'excluded';
  readonly reason?: string;
  readonly score?: number;
  readonly price?: number;
  readonly factors?: {
    readonly ecpmMicros: number;
    readonly predictedCtr: number;
    readonly relevance: number;
    readonly pacing: number;
  };
}

export interface Message {
  readonly adGroupId: string;
  readonly advertiserId: string;
  readonly position: number;
  readonly token: string;
}

/** What tests of matching do with a product whose clock is simulated. */
export class Market {
  constructor(private readonly app: TestApp) {}

  /** A campaign that only requests with this carrier see, so that those of several tests do not compete. */
  async serve(carrier: string, fields: object = {}, adGroup: object = {}, advertiser: object = {}) {
    const advertiserId = await createAdvertiser(this.app, { name: carrier, ...advertiser });
    const { targeting = {}, ...rest } = adGroup as { targeting?: object };
    const campaign = await createServingCampaign(this.app, advertiserId, fields, {
      targeting: { all: [{ carrier: [carrier] }, targeting] },
      ...rest,
    });
    return campaign;
  }

  async known(carrier: string, adGroupIds: readonly string[], request: object = {}, time = NOON) {
    for (const id of adGroupIds) await untilKnown(this.app, id, at(time), { context: { carrier }, ...request });
  }

  async putMember(userId: string, fields: object = {}) {
    const profile = { interests: {}, attributes: {}, consent: { personalized: true, nightTime: true }, ...fields };
    const { status } = await this.app.request('PUT', `/v1/profiles/${userId}`, profile, at(NOON));
    expect(status).toBeLessThan(300);
  }

  async explain(userId: string, fields: object, time = NOON) {
    const body = { userId, placement: 'chat_list', chatCount: 42, ...fields };
    const answer = await this.app.request('POST', '/v1/match/explain', body, at(time));
    expect(answer.status).toBe(200);
    return answer.body as { candidates: Explained[]; counts: Record<string, unknown> };
  }

  /** The reason for which the ad group is excluded, or its outcome; and whether a match places it, too. */
  async fate(userId: string, adGroupId: string, fields: object, time = NOON): Promise<string> {
    const { candidates } = await this.explain(userId, { ...fields, adGroupIds: [adGroupId] }, time);
    expect(candidates).toHaveLength(1);
    const [candidate] = candidates;
    const messages = await this.placed(userId, fields, time);
    expect(messages.some((message) => message.adGroupId === adGroupId)).toBe(candidate?.outcome === 'placed');
    return candidate?.reason ?? candidate?.outcome ?? '';
  }

  async placed(userId: string, fields: object, time = NOON): Promise<Message[]> {
    const answer = await match(this.app, userId, fields, at(time));
    expect(answer.status).toBe(200);
    return answer.body.messages as Message[];
  }
}
