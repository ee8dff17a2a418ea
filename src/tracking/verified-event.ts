import { CLOCK_SKEW_MS } from '../core/traffic/judge-clicks.js';
import type { DecisionTokens, Placed } from './decision-token.js';
import { parseInstant } from '../platform/http/fields.js';

export const EVENT_TYPES = ['impression', 'click', 'hide', 'conversion'] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** An event as a client reports it. */
export interface ReportedEvent {
  readonly type: EventType;
  readonly token: string;
  /** ISO 8601; when it happened, if not now. */
  readonly at?: string;
  /** Tells several conversions of one message apart. */
  readonly id?: string;
}

/** An event whose token is ours and whose time is possible. */
export interface VerifiedEvent {
  readonly type: EventType;
  readonly placed: Placed;
  /** '' but for conversions. */
  readonly eventId: string;
  /** Epoch ms. */
  readonly occurredAt: number;
  /** The client said when it happened; otherwise `occurredAt` is when its report arrived. */
  readonly isTimeStated: boolean;
  /** Epoch ms. */
  readonly receivedAt: number;
}

export type RejectionCode = 'invalid_token' | 'expired' | 'invalid_time';

/** An event that is not taken. */
export interface RejectedEvent {
  readonly type: EventType;
  /** Null where the token is none of ours. */
  readonly placed: Placed | null;
  readonly code: RejectionCode;
}

/** A purchase may follow days after the message: thirty days are the usual window of attribution. Nothing is charged for it. */
export const CONVERSION_WINDOW_MS = 30 * 24 * 3_600_000;

/** A token lives as long as its hold: what comes later can't be counted, since its place may be another's by then. */
export function verifyEvent(event: ReportedEvent, tokens: DecisionTokens, now: number): VerifiedEvent | RejectedEvent {
  const placed = tokens.verify(event.token);
  const rejected = (code: RejectionCode): RejectedEvent => ({ type: event.type, placed, code });
  if (placed === null) return rejected('invalid_token');
  const over = event.type === 'conversion' ? placed.decidedAt + CONVERSION_WINDOW_MS : placed.expiresAt;
  if (now >= over) return rejected('expired');
  const reportedAt = event.at === undefined ? now : parseInstant(event.at);
  if (reportedAt === null || reportedAt < placed.decidedAt - CLOCK_SKEW_MS || reportedAt > now + CLOCK_SKEW_MS) {
    return rejected('invalid_time');
  }
  return {
    type: event.type,
    placed,
    eventId: event.type === 'conversion' ? (event.id ?? '') : '',
    // Within the skew, but never before the decision nor in the future: windows of caps are counted by it.
    occurredAt: Math.max(placed.decidedAt, Math.min(reportedAt, now)),
    isTimeStated: event.at !== undefined,
    receivedAt: now,
  };
}
