import type { Client } from 'pg';
import { type AuditedCap, type AuditedImpression, countCapBreaches } from '../../core/capping/cap-breaches.js';
import type { FrequencyCap } from '../../core/capping/frequency-cap.js';
import type { CheckResult } from './audit-check.js';

/** What a cap can be on. A further level is one more row here, and its table's trigger that keeps changes of its caps. */
interface CapLevel {
  readonly name: string;
  /** The column of `events` with its id. */
  readonly column: string;
  /** What has the caps, as `x`, with its advertiser as `a`. */
  readonly from: string;
}

const LEVELS: readonly CapLevel[] = [
  { name: 'campaign', column: 'campaign_id', from: 'campaigns x JOIN advertisers a ON a.id = x.advertiser_id' },
  {
    name: 'ad group',
    column: 'ad_group_id',
    from: 'ad_groups x JOIN campaigns c ON c.id = x.campaign_id JOIN advertisers a ON a.id = c.advertiser_id',
  },
];

/** API processes know a change within milliseconds; one whose notification was lost learns of it by its next poll. */
const LONGEST_UPKEEP_MS = 10_000;
const PAGE = 20_000;

type Caps = ReadonlyMap<string, readonly AuditedCap[]>;
/** Member, time seen, time decided, then an id for each level. */
type ImpressionRow = readonly [member: string, at: number, decidedAt: number, ...ids: string[]];

/**
 * Reads every impression once, member by member, and counts the windows that hold more than a cap allows. Only what was
 * decided since a cap's last change is judged; see `countCapBreaches`.
 */
export async function checkCaps(
  client: Client,
  onProgress: (done: number, total: number) => void,
): Promise<readonly CheckResult[]> {
  const tallies = await Promise.all(LEVELS.map(async (level) => new LevelTally(level, await readCaps(client, level))));
  await readImpressions(client, tallies, onProgress);
  return tallies.map((tally) => tally.result());
}

/** Breaches of one level, as members go by. */
class LevelTally {
  private checked = 0;
  private breaches = 0;
  private readonly examples: string[] = [];

  constructor(
    private readonly level: CapLevel,
    private readonly caps: Caps,
  ) {}

  get column(): string {
    return this.level.column;
  }

  get hasCaps(): boolean {
    return this.caps.size > 0;
  }

  /** `rows` are all of one member's; the ids of this level are at `position`. */
  add(rows: readonly ImpressionRow[], position: number): void {
    const seen = new Map<string, AuditedImpression[]>();
    for (const row of rows) {
      const id = row[position] as string;
      if (!this.caps.has(id)) continue;
      const impression = { at: row[1], decidedAt: row[2] };
      const earlier = seen.get(id);
      if (earlier === undefined) seen.set(id, [impression]);
      else earlier.push(impression);
    }
    for (const [id, impressions] of seen) for (const cap of this.caps.get(id) ?? []) this.judge(id, impressions, cap);
  }

  result(): CheckResult {
    const { name } = this.level;
    return {
      name: `${name.replace(' ', '-')}-caps`,
      rule: `no member saw more of one ${name} in any window than its caps allow`,
      checked: this.checked,
      breaches: this.breaches,
      examples: this.examples,
      figure: null,
    };
  }

  /** Member ids stay out of what is printed and logged. */
  private judge(id: string, impressions: readonly AuditedImpression[], cap: AuditedCap): void {
    this.checked += 1;
    const broken = countCapBreaches(impressions, cap);
    if (broken === 0) return;
    this.breaches += broken;
    const { limit, window } = cap;
    if (this.examples.length < 2) this.examples.push(`${id}: more than ${limit} in ${JSON.stringify(window)}`);
  }
}

interface CapRow {
  readonly id: string;
  readonly caps: readonly FrequencyCap[];
  readonly zone: string;
  readonly since: number | null;
}

async function readCaps(client: Client, { from }: CapLevel): Promise<Caps> {
  const { rows } = await client.query<CapRow>(`
    SELECT x.id, x.frequency_caps AS caps, a.time_zone AS zone, l.since
    FROM ${from}
    LEFT JOIN LATERAL (
      SELECT (extract(epoch FROM max(changed_at)) * 1000)::float8 AS since FROM limit_changes
      WHERE of_id IN (x.id, a.id) AND (before->'frequency_caps' IS DISTINCT FROM after->'frequency_caps'
                                       OR before->'time_zone' IS DISTINCT FROM after->'time_zone')) l ON true
    WHERE x.frequency_caps <> '[]'`);
  return new Map(
    rows.map(({ id, caps, zone, since }) => [
      id,
      caps.map((cap) => ({ ...cap, zone, since: since === null ? 0 : since + LONGEST_UPKEEP_MS })),
    ]),
  );
}

async function readImpressions(
  client: Client,
  tallies: readonly LevelTally[],
  onProgress: (done: number, total: number) => void,
): Promise<void> {
  if (!tallies.some((tally) => tally.hasCaps)) return;
  const counted = `type = 'impression' AND outcome IN ('accepted', 'over_budget')`;
  const { rows: totals } = await client.query<{ total: number }>(
    `SELECT count(*)::float8 AS total FROM events WHERE ${counted}`,
  );
  const total = totals[0]?.total ?? 0;
  const time = (column: string): string => `round(extract(epoch FROM ${column}) * 1000)::float8`;
  await client.query(`
    DECLARE impressions NO SCROLL CURSOR FOR
    SELECT member_id, ${time('occurred_at')}, ${time('decided_at')}, ${tallies.map(({ column }) => column).join(', ')}
    FROM events WHERE ${counted} ORDER BY member_id, occurred_at`);
  let member: ImpressionRow[] = [];
  const judge = (): void => tallies.forEach((tally, level) => tally.add(member, 3 + level));
  for (let done = 0, fetched = PAGE; fetched === PAGE; done += fetched) {
    onProgress(done, total);
    const { rows } = await client.query<[string, number, number]>({
      text: `FETCH ${PAGE} FROM impressions`,
      rowMode: 'array',
    });
    for (const row of rows) {
      if (member.length > 0 && member[0]?.[0] !== row[0]) {
        judge();
        member = [];
      }
      member.push(row);
    }
    fetched = rows.length;
  }
  judge();
  await client.query('CLOSE impressions');
  onProgress(total, total);
}
