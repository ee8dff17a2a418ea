import { type ApiClient, ApiProblem } from '../api-client.js';
import type { ReportedEvent, Tally, Verdict } from './tally.js';

/** An event that waits to be sent; the click of an impression follows once that is accepted. */
export interface PendingEvent extends ReportedEvent {
  readonly token: string;
  readonly isClicked: boolean;
}

/** Large enough that the events cost little, small enough that caps and budgets follow soon. */
const BATCH = 200;

/** Sends events back in batches, in the order in which they happened, and tells the tally of each verdict. */
export class EventSender {
  private pending: PendingEvent[] = [];
  /** Epoch ms: no accepted event happened later, by the server's clock. */
  private lastAcceptedAt = 0;

  /** `clientNow` gives the client for the time of the moment. */
  constructor(
    private readonly clientNow: () => ApiClient,
    private readonly tally: Tally,
  ) {}

  get lastEventAt(): number {
    return this.lastAcceptedAt;
  }

  /** Resolves once there is less than a batch left to send. */
  async add(events: readonly PendingEvent[]): Promise<void> {
    this.pending.push(...events);
    while (this.pending.length >= BATCH) await this.sendBatch();
  }

  /** Sends what is left, and the clicks that follow. */
  async drain(): Promise<void> {
    while (this.pending.length > 0) await this.sendBatch();
  }

  private async sendBatch(): Promise<void> {
    const batch = this.pending.splice(0, BATCH);
    const body = { events: batch.map(({ type, token }) => ({ type, token })) };
    const client = this.clientNow();
    try {
      const answer = await client.call<{ results: readonly Verdict[] }>('POST', '/v1/events', {
        body,
        idempotent: true,
      });
      this.lastAcceptedAt = Math.max(this.lastAcceptedAt, answer.servedAt);
      for (const [i, event] of batch.entries()) {
        this.take(event, answer.body.results[i] ?? { status: 'rejected', code: 'no_verdict' }, answer.attempts > 1);
      }
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      this.tally.addFailure(`events: ${error.status} ${error.code}`);
    }
  }

  /** Each event is sent once: a duplicate of a repeated request is one that its first attempt brought home. */
  private take(event: PendingEvent, verdict: Verdict, isRepeated: boolean): void {
    const status = isRepeated && verdict.status === 'duplicate' ? 'accepted' : verdict.status;
    this.tally.addVerdict(event, { ...verdict, status });
    if (status === 'accepted' && event.isClicked) this.pending.push({ ...event, type: 'click', isClicked: false });
  }
}
