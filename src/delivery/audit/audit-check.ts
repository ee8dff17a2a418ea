/**
 * A check of the audit. Its `sql` answers one row for each thing that it looks at, with a column `fault`: what is wrong
 * with that thing in words, null where nothing is. A check with a `figure` also answers a column `figure` a row.
 */
export interface AuditCheck {
  /** Stable: people's alerts may name it. */
  readonly name: string;
  /** What must hold, or for a check that is only a figure, what is counted. */
  readonly rule: string;
  readonly sql: string;
  readonly figure?: { readonly name: string; readonly of: 'max' | 'sum' };
}

export interface CheckResult {
  readonly name: string;
  readonly rule: string;
  /** Things that were looked at. */
  readonly checked: number;
  readonly breaches: number;
  /** Two of the breaches at the most. */
  readonly examples: readonly string[];
  readonly figure: { readonly name: string; readonly value: number } | null;
}

/** The one time of an audit, which `run-audit.ts` sets for its transaction. */
export const AUDITED_AT = `current_setting('matchum.audited_at')::timestamptz`;

/** SQL: names of time zones that Postgres knows, in small letters. An operating system may bring fewer than Node does. */
export const KNOWN_ZONES = `(SELECT lower(name) FROM pg_timezone_names)`;

/** SQL: advertisers of whose events nobody can tell the local days: their zone has changed, or is none that Postgres knows. */
export const WITHOUT_DAYS = `
  SELECT DISTINCT of_id FROM limit_changes
  WHERE of_table = 'advertisers' AND before->'time_zone' IS DISTINCT FROM after->'time_zone'
  UNION SELECT id FROM advertisers WHERE lower(time_zone) NOT IN ${KNOWN_ZONES}`;

/** Two examples, since a check may find millions of faults. */
export function toSummarySql({ sql, figure }: AuditCheck): string {
  const value = figure === undefined ? 'null' : `coalesce(${figure.of}(figure), 0)::float8`;
  return `SELECT count(*)::float8 AS checked, count(fault)::float8 AS breaches,
                 min(fault) AS first, max(fault) AS last, ${value} AS value
          FROM (${sql}) AS audited`;
}
