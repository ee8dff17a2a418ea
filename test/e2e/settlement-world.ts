import { newId } from '../../src/platform/ids.js';
import { insertBatch } from '../../src/tracking/insert-batch.js';
import type { VerifiedEvent } from '../../src/tracking/verified-event.js';
import type { TestApp } from '../servers/test-app.js';
import { campaignBody, createAdvertiser } from './fixtures.js';

/** Low enough to be passed by a few clicks. */
export const LIMITS = [
  { clicks: 3, windowMs: 60_000 },
  { clicks: 5, windowMs: 3_600_000 },
];

export const NOON = Date.parse('2026-11-20T03:00:00Z');

/** An ad group that was shown, with all that a token says of it. */
export interface SoldAdGroup {
  readonly advertiserId: string;
  readonly campaignId: string;
  readonly adGroupId: string;
  readonly creativeId: string;
}

/** A campaign whose events are made up here: it serves nothing. */
export async function sellCampaign(
  app: TestApp,
  {
    creditMicros = 1_000_000_000,
    advertiser = {},
    campaign = {},
    adGroup = {},
  }: { creditMicros?: number; advertiser?: object; campaign?: object; adGroup?: object } = {},
): Promise<SoldAdGroup> {
  const advertiserId = await createAdvertiser(app, advertiser, creditMicros);
  const { body } = await app.request('POST', '/v1/campaigns', campaignBody(advertiserId, campaign, adGroup));
  const [group] = body.adGroups;
  return { advertiserId, campaignId: body.id, adGroupId: group.id, creativeId: group.creatives[0].id };
}

export interface EventFields {
  readonly type?: VerifiedEvent['type'];
  readonly messageId: string;
  readonly chargedFor?: 'impression' | 'click';
  readonly priceMicros?: number;
  readonly occurredAt?: number;
  readonly decidedAt?: number;
  readonly placement?: string;
  readonly eventId?: string;
  readonly memberId?: string;
  readonly isTimeStated?: boolean;
}

export function eventOf(sold: SoldAdGroup, fields: EventFields): VerifiedEvent {
  const {
    type = 'impression',
    messageId,
    chargedFor = 'impression',
    priceMicros = 1_000,
    occurredAt = NOON,
    decidedAt = NOON,
    placement = 'chat_list',
    eventId = '',
    memberId = `member-of-${messageId}`,
    isTimeStated = false,
  } = fields;
  const placed = {
    ...sold,
    messageId: `${messageId}.1`,
    memberId,
    placement,
    position: 1,
    chargedFor,
    priceMicros,
    decidedAt,
    expiresAt: decidedAt + 86_400_000,
    leaseHolder: 1,
  };
  return { type, placed, eventId, occurredAt, isTimeStated, receivedAt: occurredAt };
}

/** Accepts the events as one batch, and queues no job for it. Answers the batch's id. */
export async function acceptBatch(app: TestApp, events: readonly VerifiedEvent[]): Promise<string> {
  const batchId = newId('batch');
  await insertBatch(app.dataSource, { batchId, openUntil: new Date('9999-12-31') }, events);
  return batchId;
}
