import type { Client } from 'pg';
import type { AuditedImpression } from '../../core/capping/cap-breaches.js';
import type { CheckResult } from './audit-check.js';

/** What an impression counts for: columns of `events`. */
const COLUMNS = ['creative_id', 'ad_group_id', 'campaign_id', 'advertiser_id', 'placement'] as const;
export type CountedColumn = (typeof COLUMNS)[number];

/** Columns that no check asked for are empty. */
export type MemberImpression = AuditedImpression & Readonly<Record<CountedColumn, string>>;

/** A check of what each member saw. */
export interface MemberCheck {
  /** What it reads; nothing where there is nothing to check. */
  readonly columns: readonly CountedColumn[];
  /** `impressions` are all of one member, by time. */
  add(impressions: readonly MemberImpression[]): void;
  result(): CheckResult;
}

const PAGE = 20_000;

type ImpressionRow = readonly [memberId: string, at: number, decidedAt: number, ...ids: (string | null)[]];

/** Reads every counted impression once, member by member, whatever the number of checks. */
export async function checkMembers(
  client: Client,
  checks: readonly MemberCheck[],
  onProgress: (done: number, total: number) => void,
): Promise<readonly CheckResult[]> {
  const columns = new Set(checks.flatMap((check) => check.columns));
  if (columns.size > 0) {
    await readMembers(client, columns, onProgress, (impressions) => {
      for (const check of checks) if (check.columns.length > 0) check.add(impressions);
    });
  }
  return checks.map((check) => check.result());
}

async function readMembers(
  client: Client,
  columns: ReadonlySet<CountedColumn>,
  onProgress: (done: number, total: number) => void,
  onMember: (impressions: readonly MemberImpression[]) => void,
): Promise<void> {
  const counted = `type = 'impression' AND outcome IN ('accepted', 'over_budget')`;
  const { rows: totals } = await client.query<{ total: number }>(
    `SELECT count(*)::float8 AS total FROM events WHERE ${counted}`,
  );
  const total = totals[0]?.total ?? 0;
  const time = (column: string): string => `round(extract(epoch FROM ${column}) * 1000)::float8`;
  // All of them are sorted: what nobody asked for stays out.
  const ids = COLUMNS.map((column) => (columns.has(column) ? column : 'null'));
  await client.query(`
    DECLARE impressions NO SCROLL CURSOR FOR
    SELECT member_id, ${time('occurred_at')}, ${time('decided_at')}, ${ids.join(', ')}
    FROM events WHERE ${counted} ORDER BY member_id, occurred_at`);
  let memberId: string | null = null;
  let member: MemberImpression[] = [];
  for (let done = 0, fetched = PAGE; fetched === PAGE; done += fetched) {
    onProgress(done, total);
    const { rows } = await client.query<[...ImpressionRow]>({
      text: `FETCH ${PAGE} FROM impressions`,
      rowMode: 'array',
    });
    for (const row of rows) {
      if (memberId !== row[0]) {
        onMember(member);
        member = [];
        memberId = row[0];
      }
      member.push(toImpression(row));
    }
    fetched = rows.length;
  }
  onMember(member);
  await client.query('CLOSE impressions');
  onProgress(total, total);
}

function toImpression([
  ,
  at,
  decidedAt,
  creative,
  adGroup,
  campaign,
  advertiser,
  placement,
]: ImpressionRow): MemberImpression {
  return {
    at,
    decidedAt,
    creative_id: creative ?? '',
    ad_group_id: adGroup ?? '',
    campaign_id: campaign ?? '',
    advertiser_id: advertiser ?? '',
    placement: placement ?? '',
  };
}
