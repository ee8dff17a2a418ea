import type { Client } from 'pg';
import {
  type AuditedCap,
  type AuditedCaps,
  type AuditedImpression,
  findCapBreaches,
  toAuditedCap,
} from '../../core/capping/cap-breaches.js';
import type { FrequencyCap } from '../../core/capping/frequency-cap.js';
import { always, type LimitHistory } from '../../core/capping/limit-history.js';
import { groupBy } from '../../platform/group-by.js';
import type { CheckResult } from './audit-check.js';
import { type KeptLimit, keptLimitOf, toHistory } from './kept-limits.js';
import type { CountedColumn, MemberCheck, MemberImpression } from './member-impressions.js';

/** What a cap can be on. A further level is one more row here, and its table's trigger that keeps changes of its caps. */
interface CapLevel {
  readonly name: string;
  readonly column: CountedColumn;
  readonly table: string;
  /** The id of the advertiser whose zone its caps count in, null for UTC, and what is joined to `x` to know it. */
  readonly advertiser: string;
  readonly joined: string;
}

const LEVELS: readonly CapLevel[] = [
  {
    name: 'creative',
    column: 'creative_id',
    table: 'creatives',
    advertiser: 'c.advertiser_id',
    joined: 'JOIN ad_groups g ON g.id = x.ad_group_id JOIN campaigns c ON c.id = g.campaign_id',
  },
  {
    name: 'ad group',
    column: 'ad_group_id',
    table: 'ad_groups',
    advertiser: 'c.advertiser_id',
    joined: 'JOIN campaigns c ON c.id = x.campaign_id',
  },
  { name: 'campaign', column: 'campaign_id', table: 'campaigns', advertiser: 'x.advertiser_id', joined: '' },
  { name: 'advertiser', column: 'advertiser_id', table: 'advertisers', advertiser: 'x.id', joined: '' },
  { name: 'placement', column: 'placement', table: 'placements', advertiser: 'null', joined: '' },
];

type Caps = ReadonlyMap<string, AuditedCaps>;
type Zones = ReadonlyMap<string, LimitHistory<string>>;

/**
 * A check for each level: it counts the windows that hold more than a cap allowed when they were decided; see
 * `findCapBreaches`.
 */
export async function readCapChecks(client: Client): Promise<readonly MemberCheck[]> {
  const zones = await readZones(client);
  const checks: MemberCheck[] = [];
  for (const level of LEVELS) checks.push(new CapCheck(level, await readCaps(client, level, zones)));
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
      const caps = this.caps.get(id);
      if (caps !== undefined) this.judge(id, own, caps);
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
  private judge(id: string, impressions: readonly AuditedImpression[], caps: AuditedCaps): void {
    this.checked += 1;
    const broken = findCapBreaches(impressions, caps);
    this.breaches += broken.length;
    for (const { limit, window } of new Set(broken)) {
      if (this.examples.length < 2) this.examples.push(`${id}: more than ${limit} in ${JSON.stringify(window)}`);
    }
  }
}

interface ZoneRow extends KeptLimit {
  readonly id: string;
}

async function readZones(client: Client): Promise<Zones> {
  const { columns, from } = keptLimitOf('advertisers', 'time_zone');
  const { rows } = await client.query<ZoneRow>(`SELECT x.id, ${columns} FROM ${from}`);
  return new Map(rows.map((row) => [row.id, toHistory(row, (zone) => zone)]));
}

interface CapRow extends KeptLimit {
  readonly id: string;
  readonly advertiser: string | null;
}

const UTC = always('UTC');

async function readCaps(client: Client, { table, advertiser, joined }: CapLevel, zones: Zones): Promise<Caps> {
  const { columns, from } = keptLimitOf(table, 'frequency_caps');
  const { rows } = await client.query<CapRow>(`
    SELECT x.id, ${advertiser} AS advertiser, ${columns}
    FROM ${from} ${joined}
    WHERE x.frequency_caps <> '[]' OR l.of_id IS NOT NULL`);
  const read = capReader();
  const all = new Map<string, AuditedCaps>();
  for (const row of rows) {
    const caps = toHistory(row, read);
    const own = row.advertiser === null ? UTC : zones.get(row.advertiser);
    if (caps.length > 0 && own !== undefined) all.set(row.id, { caps, zones: own });
  }
  return all;
}

/** Many things have the same caps: each list is read and kept once. Null where it is empty. */
function capReader(): (text: string) => readonly AuditedCap[] | null {
  const lists = new Map<string, readonly AuditedCap[]>();
  return (text) => {
    if (text === '[]') return null;
    let caps = lists.get(text);
    if (caps === undefined) {
      caps = (JSON.parse(text) as readonly FrequencyCap[]).map(toAuditedCap);
      lists.set(text, caps);
    }
    return caps;
  };
}
