import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import type { EventStream } from './event-stream.js';

const POLL_MS = 10;

/** Resolves once no batch waits for its settlement. */
export async function untilSettled(client: pg.Client): Promise<void> {
  for (;;) {
    const { rows } = await client.query('SELECT FROM event_batches WHERE settled_at IS NULL LIMIT 1');
    if (rows.length === 0) return;
    await pause(POLL_MS);
  }
}

/** Times in ms; `samples` requests were sent. */
export interface LagFigures {
  readonly sentASecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly samples: number;
}

/** How long after its 202 a request's impressions are in the report rows. */
export class ReportLag {
  constructor(
    private readonly client: pg.Client,
    private readonly stream: EventStream,
  ) {}

  /** Sends so many events a second, request by request. Requests are settled in about their order: the n-th counted event was there when the sum of counts reached n. */
  async measure(url: string, eventsASecond: number, seconds: number): Promise<LagFigures> {
    const before = await this.counted();
    const answered: { readonly upTo: number; readonly tick: number }[] = [];
    const lags: number[] = [];
    let sent = 0;
    let isSending = true;
    const watching = (async () => {
      while (isSending || lags.length < answered.length) {
        const counted = (await this.counted()) - before;
        while (lags.length < answered.length && answered[lags.length]!.upTo <= counted)
          lags.push(performance.now() - answered[lags.length]!.tick);
        await pause(POLL_MS);
      }
    })();
    const end = performance.now() + seconds * 1000;
    while (performance.now() < end) {
      const begun = performance.now();
      const accepted = await this.stream.send(url, this.stream.body());
      sent += accepted;
      answered.push({ upTo: sent, tick: performance.now() });
      await pause(Math.max(0, (accepted * 1000) / eventsASecond - (performance.now() - begun)));
    }
    isSending = false;
    await watching;
    const sorted = [...lags].sort((a, b) => a - b);
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
    return { sentASecond: sent / seconds, p50: at(0.5), p99: at(0.99), samples: sorted.length };
  }

  private async counted(): Promise<number> {
    const { rows } = await this.client.query<{ sum: string }>(
      'SELECT coalesce(sum(impressions), 0) AS sum FROM report_rows',
    );
    return Number(rows[0]?.sum ?? 0);
  }
}
