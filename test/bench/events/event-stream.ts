import type pg from 'pg';
import { newUlid } from '../../../src/platform/ids.js';
import type { DecisionTokens, Placed } from '../../../src/tracking/decision-token.js';

type Target = Pick<Placed, 'advertiserId' | 'campaignId' | 'adGroupId' | 'creativeId'>;

const PRICE_MICROS = 1_000;
const HOLD_MS = 3_600_000;
const MEMBERS = 100_000;
const ROWS_A_STATEMENT = 1_000;
/** More than one API process was ever seen to take. */
const MOST_A_SECOND = 30_000;

/** Where messages come from: every creative of the market. */
export async function readTargets(client: pg.Client): Promise<readonly Target[]> {
  const { rows } = await client.query<Target>(
    `SELECT a.advertiser_id AS "advertiserId", a.id AS "campaignId", g.id AS "adGroupId", c.id AS "creativeId"
     FROM creatives c JOIN ad_groups g ON g.id = c.ad_group_id JOIN campaigns a ON a.id = g.campaign_id`,
  );
  return rows;
}

/** Impressions of messages that were never reported before, and requests of them. */
export class EventStream {
  private count = 0;

  constructor(
    private readonly tokens: DecisionTokens,
    private readonly targets: readonly Target[],
    private readonly options: { readonly eventsARequest: number; readonly connections: number; readonly key: string },
  ) {}

  placed(): Placed {
    const i = this.count++;
    const decidedAt = Date.now();
    return {
      ...this.targets[i % this.targets.length]!,
      messageId: `${newUlid()}.1`,
      memberId: `member-${(i * 7919) % MEMBERS}`,
      placement: 'chat_list',
      position: 1,
      chargedFor: 'impression',
      priceMicros: PRICE_MICROS,
      decidedAt,
      expiresAt: decidedAt + HOLD_MS,
      leaseHolder: 0,
    };
  }

  /** Sends requests on all connections for so long; signs the tokens beforehand, since others pay for that. */
  async run(url: string, seconds: number): Promise<{ accepted: number; seconds: number; begun: number }> {
    const bodies = Array.from({ length: Math.ceil((seconds * MOST_A_SECOND) / this.options.eventsARequest) }, () =>
      this.body(),
    );
    const begun = performance.now();
    const end = begun + seconds * 1000;
    const connections = Array.from({ length: this.options.connections }, async () => {
      let accepted = 0;
      while (performance.now() < end) accepted += await this.send(url, bodies.pop() ?? this.body());
      return accepted;
    });
    const accepted = (await Promise.all(connections)).reduce((sum, count) => sum + count, 0);
    return { accepted, seconds: (performance.now() - begun) / 1000, begun };
  }

  body(): string {
    const events = Array.from({ length: this.options.eventsARequest }, () => ({
      type: 'impression',
      token: this.tokens.sign(this.placed()),
    }));
    return JSON.stringify({ events });
  }

  /** How many were accepted; throws for any other answer than 202. */
  async send(url: string, body: string): Promise<number> {
    const headers = { authorization: `Bearer ${this.options.key}`, 'content-type': 'application/json' };
    const response = await fetch(`${url}/v1/events`, { method: 'POST', headers, body });
    const text = await response.text();
    if (response.status !== 202) throw new Error(`Events were answered by ${response.status}: ${text}`);
    return text.split('"accepted"').length - 1;
  }
}

/** Rows a second of plain multi-row inserts into a table like `events`, keys and indexes included, one commit a statement. */
export async function plainInserts(client: pg.Client, stream: EventStream, count: number): Promise<number> {
  await client.query('CREATE TABLE IF NOT EXISTS plain_events (LIKE events INCLUDING ALL)');
  await client.query('TRUNCATE plain_events');
  let ms = 0;
  let rows = 0;
  while (rows < Math.min(count, 200_000)) {
    const placed = Array.from({ length: ROWS_A_STATEMENT }, () => stream.placed());
    const start = performance.now();
    await client.query(PLAIN_SQL, columnsOf(placed));
    ms += performance.now() - start;
    rows += placed.length;
  }
  return (rows * 1000) / ms;
}

const PLAIN_SQL = `
  INSERT INTO plain_events (batch_id, ordinal, type, position, price_micros, decided_at, occurred_at, message_id, member_id,
                            advertiser_id, campaign_id, ad_group_id, creative_id, placement, lease_holder)
  SELECT 'plain', 0, 'impression', 1, ${PRICE_MICROS}, decided_at, decided_at, message_id, member_id, advertiser_id,
         campaign_id, ad_group_id, creative_id, 'chat_list', 0
  FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
    AS row (decided_at, message_id, member_id, advertiser_id, campaign_id, ad_group_id, creative_id)`;

function columnsOf(placed: readonly Placed[]): unknown[] {
  return [
    placed.map(({ decidedAt }) => new Date(decidedAt)),
    ...(['messageId', 'memberId', 'advertiserId', 'campaignId', 'adGroupId', 'creativeId'] as const).map((field) =>
      placed.map((one) => one[field]),
    ),
  ];
}
