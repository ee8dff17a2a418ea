import { Injectable } from '@nestjs/common';
import { Metrics } from '../platform/metrics/metrics.js';
import { DecisionTokens } from './decision-token.js';
import { EventIntake, type IntakeVerdict } from './event-intake.js';
import { type RejectionCode, type ReportedEvent, type VerifiedEvent, verifyEvent } from './verified-event.js';

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
    metrics: Metrics,
  ) {
    this.verdicts = metrics.counter('matchum_events_total', 'Reported events by verdict', ['verdict']);
  }

  /** One result an event, in order. Rejects with 503 when they can't be made durable in time. */
  async take(events: readonly ReportedEvent[], arrival: Arrival): Promise<EventResult[]> {
    const verified = events.map((event) => verifyEvent(event, this.tokens, arrival.now));
    const valid = verified.filter((event) => typeof event !== 'string');
    const verdicts = (await this.submit(valid, arrival.tick)).values();
    const results = verified.map((event): EventResult => {
      if (typeof event === 'string') return { status: 'rejected', code: event };
      return { status: verdicts.next().value ?? 'duplicate' };
    });
    for (const { status, code } of results) this.verdicts.inc({ verdict: code ?? status });
    return results;
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
