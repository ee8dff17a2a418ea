import { Injectable } from '@nestjs/common';
import type { RefusalReason } from '../core/traffic/invalid-reason.js';
import { NOWHERE } from '../delivery/delivery.api.js';
import { Metrics } from '../platform/metrics/metrics.js';
import { DecisionTokens, type Placed } from './decision-token.js';
import { EventIntake, type IntakeVerdict } from './event-intake.js';
import { RejectedTraffic } from './rejected-traffic.js';
import {
  type EventType,
  type RejectionCode,
  type ReportedEvent,
  type VerifiedEvent,
  verifyEvent,
} from './verified-event.js';

export interface EventResult {
  readonly status: IntakeVerdict | 'rejected';
  readonly code?: RejectionCode;
}

/** The request's time in epoch ms, and when it arrived by `performance.now()`. */
export interface Arrival {
  readonly now: number;
  readonly tick: number;
}

/** Takes reported events in, whichever way they come: verified, made durable, and counted by verdict. */
@Injectable()
export class EventReports {
  private readonly verdicts;

  constructor(
    private readonly tokens: DecisionTokens,
    private readonly intake: EventIntake,
    private readonly rejected: RejectedTraffic,
    metrics: Metrics,
  ) {
    this.verdicts = metrics.counter('matchum_events_total', 'Reported events by verdict', ['verdict']);
  }

  /**
   * One result an event, in order. Rejects with 503 when they can't be made durable in time; none of them is counted then,
   * since all of them are to come again.
   */
  async take(events: readonly ReportedEvent[], arrival: Arrival): Promise<EventResult[]> {
    const receivedAt = this.intake.receivedAt(arrival.now);
    const verified = events.map((event) => verifyEvent(event, this.tokens, receivedAt));
    const valid = verified.filter((event): event is VerifiedEvent => !('code' in event));
    const verdicts = (await this.submit(valid, arrival.tick)).values();
    return verified.map((event): EventResult => {
      if ('code' in event) {
        this.refuse(event, event.code, arrival);
        return { status: 'rejected', code: event.code };
      }
      const status = verdicts.next().value ?? 'duplicate';
      if (status === 'duplicate') this.refuse(event, status, arrival);
      else this.verdicts.inc({ verdict: status });
      return { status };
    });
  }

  /** Counts an event that is not taken, at the time of its arrival: a time that it states itself may be any. */
  refuse(event: { type: EventType; placed: Placed | null }, reason: RefusalReason, { now }: Arrival): void {
    this.verdicts.inc({ verdict: reason });
    this.rejected.count({ where: event.placed ?? NOWHERE, type: event.type, reason, at: now });
  }

  private async submit(valid: readonly VerifiedEvent[], tick: number): Promise<readonly IntakeVerdict[]> {
    try {
      return await this.intake.submit(valid, tick);
    } catch (error) {
      this.verdicts.inc({ verdict: 'not_taken' }, valid.length);
      throw error;
    }
  }
}
