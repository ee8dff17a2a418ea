import type { InvalidReason } from '../../core/traffic/invalid-reason.js';

/** Width of a bucket; see the migration that creates `report_rows`. */
const BUCKET_MS = 15 * 60_000;

/** What was shown where; all '' where nobody can tell. */
export interface ShownWhere {
  readonly advertiserId: string;
  readonly campaignId: string;
  readonly adGroupId: string;
  readonly creativeId: string;
  readonly placement: string;
}

export const NOWHERE: ShownWhere = { advertiserId: '', campaignId: '', adGroupId: '', creativeId: '', placement: '' };

export interface InvalidEvent {
  readonly where: ShownWhere;
  readonly type: 'impression' | 'click' | 'hide' | 'conversion';
  readonly reason: InvalidReason;
  /** Epoch ms: the arrival of a report that was not taken, else when the event happened. */
  readonly at: number;
}

/** Invalid events of one bucket, place and reason. `bucketAt`: epoch ms. */
export interface InvalidTrafficRow {
  readonly where: ShownWhere;
  readonly reason: InvalidReason;
  readonly bucketAt: number;
  impressions: number;
  clicks: number;
  hides: number;
  conversions: number;
}

const COUNT_OF = { impression: 'impressions', click: 'clicks', hide: 'hides', conversion: 'conversions' } as const;

/**
 * Adds invalid events up. Past `maxRows` the place is left out of new rows: no event is lost, and what is left to tell rows
 * apart, time and reason, is little.
 */
export class InvalidTrafficTally {
  private readonly rows = new Map<string, InvalidTrafficRow>();

  constructor(private readonly maxRows = Infinity) {}

  get size(): number {
    return this.rows.size;
  }

  add({ where, type, reason, at }: InvalidEvent): void {
    const bucketAt = Math.floor(at / BUCKET_MS) * BUCKET_MS;
    this.rowOf({ where, reason, bucketAt })[COUNT_OF[type]] += 1;
  }

  addRow(row: InvalidTrafficRow): void {
    const own = this.rowOf(row);
    for (const count of Object.values(COUNT_OF)) own[count] += row[count];
  }

  /** All rows, which are gone here then, in one order for all who write them, so that none waits for another in a circle. */
  take(): readonly InvalidTrafficRow[] {
    const sorted = [...this.rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
    this.rows.clear();
    return sorted;
  }

  private rowOf({
    where,
    reason,
    bucketAt,
  }: Pick<InvalidTrafficRow, 'where' | 'reason' | 'bucketAt'>): InvalidTrafficRow {
    const known = this.rows.get(keyOf(where, reason, bucketAt));
    if (known !== undefined) return known;
    const kept = this.rows.size < this.maxRows ? where : NOWHERE;
    const key = keyOf(kept, reason, bucketAt);
    const row = this.rows.get(key) ?? {
      where: kept,
      reason,
      bucketAt,
      ...{ impressions: 0, clicks: 0, hides: 0, conversions: 0 },
    };
    this.rows.set(key, row);
    return row;
  }
}

function keyOf({ creativeId, placement }: ShownWhere, reason: InvalidReason, bucketAt: number): string {
  return `${bucketAt} ${creativeId} ${placement} ${reason}`;
}
