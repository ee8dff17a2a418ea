import pg from 'pg';
import type { ClientRecord } from './record.js';

export interface LostClaims {
  readonly microsByCampaign: ReadonlyMap<string, bigint>;
  /** Of the processes that live. */
  readonly livingHolders: ReadonlySet<number>;
}

/**
 * So long after its last sign of life a process that was killed may still bind money: it counts as alive for 30 s, its last
 * messages may be seen for `holdSeconds`, an event of them be committed 45 s later, and claims are freed every 5 s.
 */
const boundForSeconds = (holdSeconds: number): number => holdSeconds + 45 + 5;

/**
 * What processes that were killed lately had claimed: nobody may spend it until none of their messages can be reported any
 * more. Those that live are known by what they gave last.
 */
export async function readLostClaims(
  databaseUrl: string,
  { matches }: ClientRecord,
  holdSeconds: number,
): Promise<LostClaims> {
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
    const microsByCampaign = new Map(rows.map(({ campaign_id, claimed }) => [campaign_id, BigInt(claimed)]));
    return { microsByCampaign, livingHolders };
  } finally {
    await client.end();
  }
}
