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
  /** Epoch ms. */
  readonly receivedAt: number;
}

export type RejectionCode = 'invalid_token' | 'expired' | 'invalid_time';

/** Clocks of clients differ from ours by this much without being wrong. */
const CLOCK_SKEW_MS = 5_000;

/** A purchase may follow days after the message: thirty days are the usual window of attribution. Nothing is charged for it. */
export const CONVERSION_WINDOW_MS = 30 * 24 * 3_600_000;

/** A token lives as long as its hold: what comes later can't be counted, since its place may be another's by then. */
export function verifyEvent(event: ReportedEvent, tokens: DecisionTokens, now: number): VerifiedEvent | RejectionCode {
  const placed = tokens.verify(event.token);
  if (placed === null) return 'invalid_token';
  const over = event.type === 'conversion' ? placed.decidedAt + CONVERSION_WINDOW_MS : placed.expiresAt;
  if (now >= over) return 'expired';
  const reportedAt = event.at === undefined ? now : parseInstant(event.at);
  if (reportedAt === null || reportedAt < placed.decidedAt - CLOCK_SKEW_MS || reportedAt > now + CLOCK_SKEW_MS) {
    return 'invalid_time';
  }
  return {
    type: event.type,
    placed,
    eventId: event.type === 'conversion' ? (event.id ?? '') : '',
    // Within the skew, but never before the decision nor in the future: windows of caps are counted by it.
    occurredAt: Math.max(placed.decidedAt, Math.min(reportedAt, now)),
    receivedAt: now,
  };
}
