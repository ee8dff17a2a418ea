import type { Placed } from '../../../src/tracking/decision-token.js';
import type { EventVerdict, RecordedEvent } from '../record.js';
import type { Stored, StoredEvent } from './stored.js';

/** A message that one member was given; what a spec says of it, and the rest of no importance. */
export function placedOf(fields: Partial<Placed> = {}): Placed {
  return {
    messageId: 'm1',
    memberId: 'member-1',
    advertiserId: 'adv',
    campaignId: 'cmp',
    adGroupId: 'adg',
    creativeId: 'crv',
    placement: 'chat_list',
    position: 1,
    chargedFor: 'impression',
    priceMicros: 20,
    decidedAt: 1_000,
    expiresAt: 9_000,
    leaseHolder: 1,
    ...fields,
  };
}

export function eventOf(
  verdicts: readonly (EventVerdict | null)[],
  fields: Partial<Omit<RecordedEvent, 'tries'>> = {},
): RecordedEvent {
  const tries = verdicts.map((verdict, i) => ({
    sentAt: 2_000 + i * 10,
    endedAt: 2_005 + i * 10,
    verdict,
    code: null,
  }));
  const event = { placed: placedOf(), token: 'token', eventId: '', statedAt: null, isByLink: false };
  return { type: 'impression', ...event, ...fields, tries };
}

/** As Postgres must hold a recorded event. */
export function storedOf({ placed, type, eventId }: RecordedEvent, fields: Partial<StoredEvent> = {}): StoredEvent {
  return {
    key: `${placed.messageId} ${type} ${eventId}`,
    messageId: placed.messageId,
    type,
    memberId: placed.memberId,
    advertiserId: placed.advertiserId,
    campaignId: placed.campaignId,
    adGroupId: placed.adGroupId,
    creativeId: placed.creativeId,
    placement: placed.placement,
    priceMicros: type === placed.chargedFor ? BigInt(placed.priceMicros) : 0n,
    occurredAt: 2_002,
    outcome: 'accepted',
    isSettled: true,
    ...fields,
  };
}

export function storeOf(fields: Partial<Stored> = {}): Stored {
  return {
    unsettledBatches: 0,
    events: [],
    reportRows: [],
    charges: [],
    dailySpendMicros: new Map(),
    campaigns: [
      {
        id: 'cmp',
        name: 'Campaign',
        advertiserId: 'adv',
        timeZone: 'Asia/Seoul',
        pacing: 'asap',
        totalMicros: 1_000n,
        dailyMicros: null,
      },
    ],
    adGroups: [{ id: 'adg', campaignId: 'cmp', dailyMicros: null, dearestMicros: 20n }],
    capped: [],
    accounts: [{ advertiserId: 'adv', balanceMicros: 5_000n, creditMicros: 5_000n, ledgerMicros: 5_000n }],
    ledgerSumMicros: 0n,
    ...fields,
  };
}
