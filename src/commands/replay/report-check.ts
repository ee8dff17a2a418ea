import { setTimeout as pause } from 'node:timers/promises';
import type { ApiClient } from '../api-client.js';
import type { EventCounts } from './tally.js';

/**
 * Holds the server's reports against what was sent, and its spend against its balances. Both are read before and after,
 * so that what an instance did earlier does not matter; what others do meanwhile does.
 */
export interface Snapshot {
  /** Ad group id → its row. */
  readonly rows: ReadonlyMap<string, ReportRow>;
  /** Advertiser id → what its prepaid account was charged so far. */
  readonly charged: ReadonlyMap<string, Charged>;
  readonly asOf: number;
}

export interface ReportRow extends EventCounts {
  readonly advertiser: string;
  readonly spendMicros: number;
}

interface Charged {
  readonly currency: string;
  readonly micros: number;
}

export interface Interval {
  /** Epoch ms; whole days, since reports cut at quarters of an hour. */
  readonly from: number;
  readonly to: number;
}

export interface ReportCheck {
  /** In words, one an ad group or advertiser; none: the report equals the events. */
  readonly differences: readonly string[];
  /** Currency → charged in between, in micros. */
  readonly spend: ReadonlyMap<string, number>;
}

const NOTHING: ReportRow = { advertiser: '', impressions: 0, clicks: 0, spendMicros: 0 };
const ASK_EVERY_MS = 250;
const LONGEST_WAIT_MS = 120_000;

export async function takeSnapshot(client: ApiClient, interval: Interval): Promise<Snapshot> {
  const query = new URLSearchParams({
    from: new Date(interval.from).toISOString(),
    to: new Date(interval.to).toISOString(),
    granularity: 'total',
    dimensions: 'advertiser,adGroup',
    metrics: 'impressions,clicks,spendMicros',
  });
  const report = await client.get<{ rows: (ReportRow & { adGroup: string })[]; asOf: string }>(
    `/v1/reports?${query.toString()}`,
  );
  const charged = new Map<string, Charged>();
  await client.each(await client.listAll<{ id: string }>('/v1/advertisers'), async ({ id }) => {
    const balance = await client.get<{ currency: string; spentMicros: number }>(`/v1/advertisers/${id}/balance`);
    charged.set(id, { currency: balance.currency, micros: balance.spentMicros });
  });
  return {
    rows: new Map(report.rows.map(({ adGroup, ...row }) => [adGroup, row])),
    charged,
    asOf: Date.parse(report.asOf),
  };
}

/** The first snapshot that has all events up to `lastEventAt` (epoch ms, by the server's clock). */
export async function settledSnapshot(client: ApiClient, interval: Interval, lastEventAt: number): Promise<Snapshot> {
  const deadline = performance.now() + LONGEST_WAIT_MS;
  for (;;) {
    const snapshot = await takeSnapshot(client, interval);
    if (snapshot.asOf > lastEventAt) return snapshot;
    if (performance.now() > deadline) {
      const asOf = new Date(snapshot.asOf).toISOString();
      throw new Error(`The reports are complete up to ${asOf} only, ${LONGEST_WAIT_MS / 1000} s after the last event.`);
    }
    await pause(ASK_EVERY_MS);
  }
}

export function checkReports(before: Snapshot, after: Snapshot, sent: ReadonlyMap<string, EventCounts>): ReportCheck {
  const differences: string[] = [];
  const reported = new Map<string, number>();
  for (const adGroup of new Set([...after.rows.keys(), ...sent.keys()])) {
    const row = after.rows.get(adGroup) ?? NOTHING;
    const earlier = before.rows.get(adGroup) ?? NOTHING;
    const own = sent.get(adGroup) ?? NOTHING;
    for (const metric of ['impressions', 'clicks'] as const) {
      const more = row[metric] - earlier[metric];
      if (more !== own[metric])
        differences.push(`ad group ${adGroup}: ${own[metric]} ${metric} sent, ${more} reported`);
    }
    const spend = row.spendMicros - earlier.spendMicros;
    reported.set(row.advertiser, (reported.get(row.advertiser) ?? 0) + spend);
  }
  const spend = new Map<string, number>();
  for (const [advertiser, { currency, micros }] of after.charged) {
    const more = micros - (before.charged.get(advertiser)?.micros ?? 0);
    const told = reported.get(advertiser) ?? 0;
    if (more !== told) differences.push(`advertiser ${advertiser}: ${told} micros of spend reported, ${more} charged`);
    if (more !== 0) spend.set(currency, (spend.get(currency) ?? 0) + more);
  }
  return { differences, spend };
}
