import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Client } from 'pg';
import { LEDGER_CHECKS } from '../../src/delivery/audit/ledger-checks.js';
import { createTestDatabase, type TestDatabase } from '../servers/test-database.js';

const SQL = LEDGER_CHECKS.find(({ name }) => name === 'refunds')?.sql ?? '';

interface Transfer {
  readonly kind: 'credit' | 'charge' | 'refund';
  readonly advertiser: string;
  readonly campaign: string | null;
  readonly adGroup: string | null;
  readonly day: string | null;
  readonly micros: number;
}

type Scope = Pick<Transfer, 'advertiser' | 'campaign' | 'adGroup' | 'day'>;

interface PlanNode {
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}

describe('the check of refunds', () => {
  let database: TestDatabase;
  let client: Client;

  beforeAll(async () => {
    database = await createTestDatabase();
    client = new Client({ connectionString: database.url });
    await client.connect();
    // A ledger alone, also one that the product would not enter.
    await client.query('SET session_replication_role = replica');
  });

  beforeEach(() => client.query('TRUNCATE ledger_transfers'));

  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  async function enter(transfers: readonly Transfer[]): Promise<void> {
    await client.query(
      `INSERT INTO ledger_transfers (id, kind, advertiser_id, debit_account, credit_account, amount_micros, currency,
                                     reference, campaign_id, ad_group_id, day, created_at)
       SELECT n, t.kind, t.advertiser, 'from', 'to', t.micros, 'KRW', n, t.campaign, t."adGroup", t.day, now()
       FROM ROWS FROM (jsonb_to_recordset($1) AS (kind text, advertiser text, campaign text, "adGroup" text, day date,
                                                  micros bigint)) WITH ORDINALITY
            AS t (kind, advertiser, campaign, "adGroup", day, micros, n)`,
      [JSON.stringify(transfers)],
    );
  }

  /** Rows of the ledger that the check reads, however often. */
  async function rowsRead(): Promise<number> {
    const { rows } = await client.query<{ 'QUERY PLAN': readonly [{ readonly Plan: PlanNode }] }>(
      `EXPLAIN (ANALYZE, FORMAT JSON) ${SQL}`,
    );
    const count = (node: PlanNode): number => {
      const own = node['Relation Name'] === 'ledger_transfers' ? 1 : 0;
      const rowsOfOne = node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0);
      return own * rowsOfOne * node['Actual Loops'] + (node.Plans ?? []).reduce((sum, plan) => sum + count(plan), 0);
    };
    return rows.reduce((sum, row) => sum + count(row['QUERY PLAN'][0].Plan), 0);
  }

  it('finds of each scope that a refund names, and of each advertiser, what was given back beyond its charges', async () => {
    const few = (...names: readonly string[]) => fc.option(fc.constantFrom(...names), { freq: 2 });
    const anyTransfer: fc.Arbitrary<Transfer> = fc.record({
      kind: fc.constantFrom('credit', 'charge', 'charge', 'charge', 'refund', 'refund'),
      advertiser: fc.constantFrom('a', 'b'),
      campaign: few('c', 'd'),
      adGroup: few('g', 'h'),
      day: few('2026-11-20', '2026-11-21'),
      micros: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constant(2 ** 52)),
    });
    let faulty = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(anyTransfer, { maxLength: 30 }), async (transfers) => {
        await client.query('TRUNCATE ledger_transfers');
        await enter(transfers);
        const { rows } = await client.query<{ fault: string | null }>(SQL);
        const expected = faultsOf(transfers);
        faulty += expected.some((fault) => fault !== null) ? 1 : 0;
        expect(rows.map(({ fault }) => String(fault)).sort()).toEqual(expected.map(String).sort());
      }),
      { numRuns: 300 },
    );
    expect(faulty).toBeGreaterThan(50);
  });

  it('reads the ledger as often for many refunds as for one', async () => {
    const days = Array.from({ length: 28 }, (_, i) => `2026-11-${String(i + 1).padStart(2, '0')}`);
    const charges = days.flatMap((day) =>
      Array.from({ length: 100 }, (_, i): Transfer => {
        const ids = { advertiser: `a${i % 2}`, campaign: `c${i % 10}`, adGroup: `g${i % 50}` };
        return { kind: 'charge', ...ids, day, micros: 1_000 };
      }),
    );
    const refunds = charges
      .filter((_, i) => i % 7 === 0)
      .map((charge, i): Transfer => ({ ...charge, kind: 'refund', adGroup: i % 2 ? null : charge.adGroup, micros: 1 }));
    await enter([...charges, ...refunds]);
    const most = 2 * (charges.length + refunds.length);
    expect(await rowsRead()).toBeLessThanOrEqual(most);
    await client.query('ANALYZE ledger_transfers');
    expect(await rowsRead()).toBeLessThanOrEqual(most);
  });
});

/** One for each scope, null where it is sound. */
function faultsOf(transfers: readonly Transfer[]): readonly (string | null)[] {
  const scopes = new Map<string, Scope>();
  for (const { kind, advertiser, campaign, adGroup, day } of transfers) {
    if (kind !== 'refund') continue;
    for (const scope of [
      { advertiser, campaign, adGroup, day },
      { advertiser, campaign: null, adGroup: null, day: null },
    ]) {
      scopes.set(JSON.stringify(scope), scope);
    }
  }
  return [...scopes.values()].map((scope) => {
    const [given, charged] = [sumWithin(scope, 'refund'), sumWithin(scope, 'charge')];
    const named = [scope.advertiser, scope.campaign, scope.adGroup, scope.day].filter((name) => name !== null);
    return given > charged ? `${named.join(' ')}: ${given} of ${charged} micros given back` : null;
  });

  function sumWithin({ advertiser, campaign, adGroup, day }: Scope, kind: Transfer['kind']): bigint {
    return transfers
      .filter((transfer) => transfer.kind === kind && transfer.advertiser === advertiser)
      .filter((transfer) => campaign === null || transfer.campaign === campaign)
      .filter((transfer) => adGroup === null || transfer.adGroup === adGroup)
      .filter((transfer) => day === null || transfer.day === day)
      .reduce((sum, { micros }) => sum + BigInt(micros), 0n);
  }
}
