/**
 * The clients' own record: what they asked, sent and were told, and nothing else. The verdict holds Postgres against it.
 * Times are epoch ms on the one machine that all of it runs on.
 */
import type { Placed } from '../../src/tracking/decision-token.js';
import type { EventType } from '../../src/tracking/verified-event.js';

/** One try to ask for a decision. */
export interface MatchTry {
  readonly memberId: string;
  readonly requestId: string;
  /** Which API process was asked. */
  readonly api: string;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Null: no answer came. */
  readonly status: number | null;
  readonly noFill: string | null;
  readonly messages: readonly RecordedMessage[];
}

export interface RecordedMessage {
  readonly token: string;
  /** What the token says. */
  readonly placed: Placed;
}

export type EventVerdict = 'accepted' | 'duplicate' | 'rejected';

export interface EventTry {
  readonly sentAt: number;
  readonly endedAt: number;
  /** Null where no answer with verdicts came. */
  readonly verdict: EventVerdict | null;
  readonly code: string | null;
}

/** One event, however often it was sent. */
export interface RecordedEvent {
  readonly placed: Placed;
  readonly token: string;
  readonly type: EventType;
  /** '' but for conversions. */
  readonly eventId: string;
  /** Epoch ms, as the client states it with each report; null where it leaves the time to the server. */
  readonly statedAt: number | null;
  /** First reported by a link, whose answer tells no verdict: its fate is known only if it is reported again. */
  readonly isByLink: boolean;
  readonly tries: EventTry[];
}

/** A daily budget as an advertiser set it: in force at the latest at `answeredAt`; until then the former one may be. */
export interface BudgetChange {
  readonly campaignId: string;
  readonly formerMicros: number;
  readonly budgetMicros: number;
  readonly sentAt: number;
  readonly answeredAt: number;
}

export class ClientRecord {
  readonly matches: MatchTry[] = [];
  readonly events: RecordedEvent[] = [];
  readonly budgetChanges: BudgetChange[] = [];
  /** By advertiser: credits that were answered, the first one included. */
  readonly creditMicros = new Map<string, bigint>();
  /** Campaigns that were ever paused: their messages may be missing from a repeated answer. */
  readonly pausedCampaigns = new Set<string>();
  /** When Redis lost what it had: holds that were placed before did not live on. */
  readonly losses: number[] = [];
  /** Answers of 5xx other than 503, where 503 is allowed. */
  readonly serverErrors: string[] = [];

  addCredit(advertiserId: string, micros: number): void {
    this.creditMicros.set(advertiserId, (this.creditMicros.get(advertiserId) ?? 0n) + BigInt(micros));
  }
}

export function keyOf(event: { readonly placed: Placed; readonly type: string; readonly eventId: string }): string {
  return `${event.placed.messageId} ${event.type} ${event.eventId}`;
}
