import type { Client } from 'pg';
import { type AuditedCap, type AuditedImpression, countCapBreaches } from '../../core/capping/cap-breaches.js';
import type { FrequencyCap } from '../../core/capping/frequency-cap.js';
import { groupBy } from '../../platform/group-by.js';
import type { CheckResult } from './audit-check.js';
import { type CountedColumn, inForceFrom, type MemberCheck, type MemberImpression } from './member-impressions.js';

/** What a cap can be on. A further level is one more row here, and its table's trigger that keeps changes of its caps. */
interface CapLevel {
  readonly name: string;
  readonly column: CountedColumn;
  /** What has the caps, as `x`, with its advertiser as `a`. */
  readonly from: string;
}

const LEVELS: readonly CapLevel[] = [
  {
    name: 'creative',
    column: 'creative_id',
    from: `creatives x JOIN ad_groups g ON g.id = x.ad_group_id JOIN campaigns c ON c.id = g.campaign_id
           JOIN advertisers a ON a.id = c.advertiser_id`,
  },
  {
    name: 'ad group',
    column: 'ad_group_id',
    from: 'ad_groups x JOIN campaigns c ON c.id = x.campaign_id JOIN advertisers a ON a.id = c.advertiser_id',
  },
  {
    name: 'campaign',
    column: 'campaign_id',
    from: 'campaigns x JOIN advertisers a ON a.id = x.advertiser_id',
  },
  { name: 'advertiser', column: 'advertiser_id', from: 'advertisers x JOIN advertisers a ON a.id = x.id' },
  // The operator's: its caps count in UTC.
  {
    name: 'placement',
    column: 'placement',
    from: `placements x CROSS JOIN (SELECT null::text AS id, 'UTC' AS time_zone) a`,
  },
];

type Caps = ReadonlyMap<string, readonly AuditedCap[]>;

/**
 * A check for each level: it counts the windows that hold more than a cap allows. Only what was decided since a cap's last
 * change is judged; see `countCapBreaches`.
 */
export async function readCapChecks(client: Client): Promise<readonly MemberCheck[]> {
  const checks: MemberCheck[] = [];
  for (const level of LEVELS) checks.push(new CapCheck(level, await readCaps(client, level)));
  return checks;
}

class CapCheck implements MemberCheck {
  private checked = 0;
  private breaches = 0;
  private readonly examples: string[] = [];

  constructor(
    private readonly level: CapLevel,
    private readonly caps: Caps,
  ) {}

  get columns(): readonly CountedColumn[] {
    return this.caps.size > 0 ? [this.level.column] : [];
  }

  add(impressions: readonly MemberImpression[]): void {
    const { column } = this.level;
    const capped = impressions.filter((impression) => this.caps.has(impression[column]));
    for (const [id, own] of groupBy(capped, (impression) => impression[column])) {
      for (const cap of this.caps.get(id) ?? []) this.judge(id, own, cap);
    }
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
      WHERE of_id IN (x.id, a.id)
        AND (of_id = x.id AND before->'frequency_caps' IS DISTINCT FROM after->'frequency_caps'
             OR of_id = a.id AND before->'time_zone' IS DISTINCT FROM after->'time_zone')) l ON true
    WHERE x.frequency_caps <> '[]'`);
  return new Map(
    rows.map(({ id, caps, zone, since }) => [id, caps.map((cap) => ({ ...cap, zone, since: inForceFrom(since) }))]),
  );
}
