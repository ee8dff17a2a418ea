import { expect } from '@jest/globals';
import { eventually, type RequestOptions, type TestApp, type TestResponse } from '../servers/test-app.js';

/** What tests of the whole product share: a funded advertiser, a campaign that serves, members, matches, events. */

export const WON = 1_000_000;

export async function createAdvertiser(
  app: TestApp,
  fields: object = {},
  creditMicros = 1_000_000 * WON,
): Promise<string> {
  const body = { name: '한빛전기차', currency: 'KRW', timeZone: 'Asia/Seoul', ...fields };
  const advertiser = await app.request('POST', '/v1/advertisers', body);
  expect(advertiser).toMatchObject({ status: 201 });
  const id = advertiser.body.id as string;
  if (creditMicros > 0) {
    const credit = await app.request('POST', `/v1/advertisers/${id}/credits`, {
      amountMicros: creditMicros,
      reference: 'first',
    });
    expect(credit.status).toBe(201);
  }
  return id;
}

export function campaignBody(advertiserId: string, fields: object = {}, adGroup: object = {}): object {
  return {
    advertiserId,
    name: '가을 시승',
    startsAt: '2026-01-01T00:00:00Z',
    budget: {},
    pacing: 'asap',
    frequencyCaps: [],
    adGroups: [
      {
        name: '모든 회원',
        targeting: {},
        bid: { model: 'cpm', amountMicros: 5_000 * WON },
        creatives: [creativeBody()],
        ...adGroup,
      },
    ],
    ...fields,
  };
}

export const CAP = { limit: 3, window: { length: 1, unit: 'day', kind: 'rolling' } };
export const DAY_PARTS = { clock: 'member', windows: [{ days: ['mon', 'fri'], from: '09:00', to: '24:00' }] };

export function postCampaign(app: TestApp, body: object): Promise<TestResponse> {
  return app.request('POST', '/v1/campaigns', body);
}

export function creativeBody(fields: object = {}): object {
  return {
    senderName: '한빛전기차',
    title: '이번 주말 시승하세요',
    body: '가까운 전시장에서 30분 시승을 예약할 수 있습니다.',
    callToAction: '시승 예약',
    landingUrl: 'https://example.com/ev?from=chat',
    ...fields,
  };
}

export interface ServingCampaign {
  readonly advertiserId: string;
  readonly campaignId: string;
  readonly adGroupId: string;
  readonly creativeId: string;
}

/** Creates a campaign with one ad group and one approved creative, activates it, and waits until it is known everywhere. */
export async function createServingCampaign(
  app: TestApp,
  advertiserId: string,
  fields: object = {},
  adGroup: object = {},
): Promise<ServingCampaign> {
  const created = await postCampaign(app, campaignBody(advertiserId, fields, adGroup));
  expect(created).toMatchObject({ status: 201 });
  const campaignId = created.body.id as string;
  const [group] = created.body.adGroups;
  const creativeId = group.creatives[0].id as string;
  expect((await app.request('POST', `/v1/creatives/${creativeId}/approve`, {})).status).toBe(200);
  expect((await app.request('POST', `/v1/campaigns/${campaignId}/activate`)).status).toBe(200);
  return { advertiserId, campaignId, adGroupId: group.id as string, creativeId };
}

/** Waits until this process knows the ad group and its money: `request` must come from a member whom it targets. */
export async function untilKnown(
  app: TestApp,
  adGroupId: string,
  options: RequestOptions = {},
  request: object = {},
): Promise<void> {
  const body = { userId: 'nobody', placement: 'chat_list', chatCount: 42, adGroupIds: [adGroupId], ...request };
  await eventually(async () => {
    const { status, body: answer } = await app.request('POST', '/v1/match/explain', body, options);
    // One that is not taken up yet is unknown.
    if (status === 422) {
      expect(answer.errors).toMatchObject([{ path: 'adGroupIds[0]' }]);
      return false;
    }
    const [candidate] = answer.candidates;
    return (
      candidate !== undefined && !['targeting', 'schedule', 'budget', 'balance', 'creative'].includes(candidate.reason)
    );
  });
}

export function match(app: TestApp, userId: string, fields: object = {}, options: RequestOptions = {}) {
  return app.request('POST', '/v1/match', { userId, placement: 'chat_list', chatCount: 42, ...fields }, options);
}

export function impressions(messages: readonly { token: string }[]): object {
  return { events: messages.map(({ token }) => ({ type: 'impression', token })) };
}

export function at(time: string): RequestOptions {
  return { headers: { 'x-simulated-time': time } };
}

/** Waits until every accepted event is settled. */
export async function untilSettled(app: TestApp): Promise<void> {
  await eventually(async () => {
    const [row] = await app.dataSource.query<{ unsettled: number }[]>(
      'SELECT count(*) AS unsettled FROM event_batches WHERE settled_at IS NULL',
    );
    return row?.unsettled === 0;
  });
}
