import pg from 'pg';
import { decidedMinute } from '../../src/core/pacing/promise-book.js';
import { CLOCK_MARGIN_MS, LONGEST_COMMIT_MS } from '../../src/delivery/settlement/settlement-progress.js';
import type { ClientRecord } from './record.js';

/** What nobody may spend for now, though it is not spent. */
export interface BoundMoney {
  /** What processes that were killed lately had claimed, by campaign. */
  readonly lostMicros: ReadonlyMap<string, bigint>;
  /** Of the processes that live: they know what they promised. */
  readonly livingHolders: ReadonlySet<number>;
  /** Epoch ms: what was promised from then on may bind money still. */
  readonly promisedSince: number;
}

const MINUTE_MS = 60_000;
/** Until a process has heard that a promise is over and another one has used its money: a broken connection, some polls. */
const FREED_WITHIN_MS = 7_000;

/**
 * So long after its last sign of life a process that was killed may still bind money: it counts as alive for 30 s, its last
 * messages may be seen for `holdSeconds`, an event of them be committed 45 s later, and claims are freed every 5 s, by a worker
 * that has watched for 30 s.
 */
const boundForSeconds = (holdSeconds: number): number => holdSeconds + 45 + 5 + 30;

/**
 * As of now. What a process that was killed had claimed is bound until none of its messages can be reported any more; those
 * that live are known by what they gave last.
 */
export async function readBoundMoney(
  databaseUrl: string,
  { matches }: ClientRecord,
  holdSeconds: number,
): Promise<BoundMoney> {
  const lastHolder = new Map<string, number>();
  for (const { api, messages } of [...matches].sort((a, b) => a.endedAt - b.endedAt)) {
    for (const { placed } of messages) lastHolder.set(api, placed.leaseHolder);
  }
  const livingHolders = new Set(lastHolder.values());
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ campaign_id: string; claimed: string }>(
      `SELECT campaign_id, sum(claimed_micros)::text AS claimed
       FROM budget_leases JOIN lease_holders ON lease_holders.id = holder
       WHERE holder <> ALL($1) AND alive_until > now() - make_interval(secs => $2)
       GROUP BY 1`,
      [[...livingHolders], boundForSeconds(holdSeconds)],
    );
    const lostMicros = new Map(rows.map(({ campaign_id, claimed }) => [campaign_id, BigInt(claimed)]));
    const settledUntil = await readSettledUntil(client);
    // Promises of one minute are over together, a hold time after the last of them.
    const openMinute = decidedMinute(settledUntil - holdSeconds * 1_000 - FREED_WITHIN_MS);
    return { lostMicros, livingHolders, promisedSince: openMinute * MINUTE_MS };
  } finally {
    await client.end();
  }
}

/**
 * Epoch ms, as all that live knew it lately: whoever died over its commits was waited for until then. $1: seconds for which
 * those that tell nothing are waited for.
 */
async function readSettledUntil(client: pg.Client): Promise<number> {
  const now = Date.now();
  const { rows } = await client.query<{ oldest: Date | null; committed_until: Date | null }>(
    `SELECT (SELECT min(received_at) FROM event_batches
             WHERE settled_at IS NULL AND parked_at IS NULL AND NOT is_retried) AS oldest,
            (SELECT min(committed_until) FROM event_intakes
             WHERE told_at > now() - make_interval(secs => $1)) AS committed_until`,
    [(LONGEST_COMMIT_MS + FREED_WITHIN_MS) / 1000],
  );
  const [row] = rows;
  const told = [row?.oldest, row?.committed_until].map((time) => time?.getTime() ?? Infinity);
  return Math.min(now - CLOCK_MARGIN_MS, ...told);
}
