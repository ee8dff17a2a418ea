/**
 * The same question to Postgres, in the schema that did best of those tried: lists of interests as array columns with a GIN
 * index, the rest as columns, and a b-tree by the highest reachable score. SQL gives pages in the order of that bound; what
 * it can't tell (weights, money, day parts) is judged here, until no later row can be among the best. So the answer is the
 * index's own.
 */
import pg from 'pg';
import { type Candidate, score, type Scored } from '../../../src/core/index/candidate.js';
import { firstFailure } from '../../../src/core/index/first-failure.js';
import { rankOrder } from '../../../src/core/auction/rank-order.js';
import type { MatchRequest, MoneySnapshot } from '../../../src/core/index/match-request.js';
import type { Predicate } from '../../../src/core/targeting/expression.js';

const BATCH = 5_000;

/** Forced one by one, since the planner does not always find the best. */
const PLANS = {
  'walk by bound':
    'SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off; SET max_parallel_workers_per_gather = 0',
  'bitmap (GIN)':
    'SET enable_seqscan = off; SET enable_indexscan = off; SET enable_bitmapscan = on; SET max_parallel_workers_per_gather = 0',
  sequential:
    'SET enable_seqscan = on; SET enable_indexscan = off; SET enable_bitmapscan = off; SET max_parallel_workers_per_gather = 0',
} as const;
export type PlanName = keyof typeof PLANS;
export const PLAN_NAMES = Object.keys(PLANS) as PlanName[];

const WHERE = `
  WHERE (wants IS NULL OR wants && $1::text[]) AND (also_wants IS NULL OR also_wants && $1::text[])
    AND NOT excludes && $1::text[] AND (ages IS NULL OR ages @> $2::integer)
    AND (genders IS NULL OR $3 = ANY(genders)) AND (regions IS NULL OR $4 = ANY(regions))
    AND (oses IS NULL OR $5 = ANY(oses)) AND (languages IS NULL OR $6 = ANY(languages))
    AND starts_at <= $7 AND (ends_at IS NULL OR ends_at > $7)`;
const PAGE = 32;
const TOP = `SELECT id, bound FROM bench_ad_groups ${WHERE} AND bound <= $8 ORDER BY bound DESC LIMIT ${PAGE}`;
const ELIGIBLE = `SELECT id FROM bench_ad_groups ${WHERE}`;

interface Row {
  readonly id: string;
  readonly bound: number;
}

export class PostgresPeer {
  private constructor(
    private readonly clients: ReadonlyMap<PlanName, pg.Client>,
    private readonly candidates: ReadonlyMap<string, Candidate>,
  ) {}

  static async fill(databaseUrl: string, all: Iterable<Candidate>): Promise<PostgresPeer> {
    const candidates = new Map([...all].map((candidate) => [candidate.record.id, candidate]));
    const client = await connect(databaseUrl);
    await client.query(`DROP TABLE IF EXISTS bench_ad_groups;
      CREATE TABLE bench_ad_groups (id text, bound float8, wants text[], also_wants text[], excludes text[] NOT NULL,
        ages int4range, genders text[], regions text[], oses text[], languages text[], starts_at float8, ends_at float8)`);
    const rows = [...candidates.values()].map(toRow);
    for (let from = 0; from < rows.length; from += BATCH) {
      await client.query(
        `INSERT INTO bench_ad_groups SELECT * FROM jsonb_to_recordset($1) AS row (id text, bound float8, wants text[],
           also_wants text[], excludes text[], ages int4range, genders text[], regions text[], oses text[],
           languages text[], starts_at float8, ends_at float8)`,
        [JSON.stringify(rows.slice(from, from + BATCH))],
      );
    }
    await client.query(
      `CREATE INDEX ON bench_ad_groups (bound DESC); CREATE INDEX ON bench_ad_groups USING gin (wants)`,
    );
    await client.query('VACUUM ANALYZE bench_ad_groups');
    await client.end();
    const clients = new Map<PlanName, pg.Client>();
    for (const plan of PLAN_NAMES) {
      const planned = await connect(databaseUrl);
      await planned.query(PLANS[plan]);
      clients.set(plan, planned);
    }
    return new PostgresPeer(clients, candidates);
  }

  /** Bounds are all different, so that a page begins where the one before ended. */
  async top(plan: PlanName, request: MatchRequest, money: MoneySnapshot, limit: number): Promise<readonly Scored[]> {
    const best = new Map<string, Scored>();
    for (let bound = Infinity; ;) {
      const rows = await this.rows(plan, { name: 'top', text: TOP }, [...valuesOf(request), bound]);
      for (const { id } of rows) {
        const candidate = this.candidates.get(id);
        if (candidate === undefined || firstFailure(candidate, request, money) !== null) continue;
        best.set(id, score(candidate, request, money));
      }
      const ranked = [...best.values()].sort(rankOrder(request.seed)).slice(0, limit);
      bound = rows.at(-1)?.bound ?? -Infinity;
      if (rows.length < PAGE || bound < (ranked[limit - 1]?.score ?? -Infinity)) return ranked;
    }
  }

  /** Those that pass what SQL can tell. */
  async eligible(plan: PlanName, request: MatchRequest): Promise<number> {
    return (await this.rows(plan, { name: 'eligible', text: ELIGIBLE }, valuesOf(request))).length;
  }

  async close(): Promise<void> {
    for (const client of this.clients.values()) await client.end();
  }

  private async rows(
    plan: PlanName,
    query: { name: string; text: string },
    values: unknown[],
  ): Promise<readonly Row[]> {
    const result = await this.clients.get(plan)?.query<Row>({ ...query, values });
    return result?.rows ?? [];
  }
}

function valuesOf({ subject, now }: MatchRequest): unknown[] {
  const { interests, age, gender, region, os, language } = subject;
  return [[...interests.keys()], age, gender, region, os, language, now];
}

async function connect(databaseUrl: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  return client;
}

/** Of conjunctions only; weights are left out. */
function toRow({ record, ecpmMicros }: Candidate): object {
  const parts = record.targeting.kind === 'all' ? record.targeting.of : [];
  const of = <K extends Predicate['kind']>(kind: K) =>
    parts.filter((part): part is Extract<Predicate, { kind: K }> => part.kind === kind);
  const values = (field: string) => {
    const lists = of('oneOf').filter((part) => part.field === field);
    return lists.length === 0
      ? null
      : lists.map((part) => part.values).reduce((a, b) => a.filter((value) => b.includes(value)));
  };
  const [wants = null, also_wants = null] = of('segments').map(({ ids }) => ids);
  const excludes = parts.flatMap((part) => (part.kind === 'not' && part.of.kind === 'segments' ? part.of.ids : []));
  const ages = of('age');
  const min = Math.max(0, ...ages.map((age) => age.min ?? 0));
  const max = Math.min(150, ...ages.map((age) => age.max ?? 150));
  return {
    id: record.id,
    bound: ecpmMicros,
    wants,
    also_wants,
    excludes,
    ages: ages.length === 0 ? null : min > max ? 'empty' : `[${min},${max}]`,
    genders: values('gender'),
    regions: values('region'),
    oses: values('os'),
    languages: values('language'),
    starts_at: record.startsAt,
    ends_at: record.endsAt,
  };
}
