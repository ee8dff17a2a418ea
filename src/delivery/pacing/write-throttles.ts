import type { EntityManager } from 'typeorm';
import type { PaceDecision } from '../../core/pacing/decide-pace.js';

/** A decision and the campaign that it is about. */
export interface Throttle {
  readonly campaignId: string;
  readonly decision: PaceDecision;
}

/** Columns in the order of the parameters, each a list with one value a throttle. */
const COLUMNS: readonly (readonly [name: string, type: string, of: (throttle: Throttle) => unknown])[] = [
  ['campaign_id', 'text', ({ campaignId }) => campaignId],
  ['pass_share', 'float8', ({ decision }) => decision.pace.passShare],
  ['rank_factor', 'float8', ({ decision }) => decision.rankFactor],
  ['planned_micros', 'bigint', ({ decision }) => Math.round(decision.plannedMicros)],
  ['spent_micros', 'bigint', ({ decision }) => decision.spentMicros],
  ['spent_in_all_micros', 'bigint', ({ decision }) => decision.spentInAllMicros],
  ['plan_starts_at', 'timestamptz', ({ decision }) => new Date(decision.plan.startMs)],
  ['plan_ends_at', 'timestamptz', ({ decision }) => new Date(decision.plan.endMs)],
  ['plan_budget_micros', 'bigint', ({ decision }) => decision.plan.budgetMicros],
  ['plan_from_at', 'timestamptz', ({ decision }) => new Date(decision.plan.fromMs)],
  ['plan_from_micros', 'bigint', ({ decision }) => decision.plan.fromMicros],
  ['seen_micros', 'float8', ({ decision }) => decision.pace.spentMicros],
  ['seen_exposure', 'float8', ({ decision }) => decision.pace.exposure],
  ['recent_micros', 'float8', ({ decision }) => decision.pace.recentMicros],
  ['recent_exposure', 'float8', ({ decision }) => decision.pace.recentExposure],
  ['quiet_exposure', 'float8', ({ decision }) => decision.pace.quietExposure],
  ['decided_at', 'timestamptz', ({ decision }) => new Date(decision.decidedAt)],
];
const NAMES = COLUMNS.map(([name]) => name);

const WRITE_SQL = `
  INSERT INTO pacing_throttles (${NAMES.join(', ')})
  SELECT * FROM unnest(${COLUMNS.map(([, type], i) => `$${i + 1}::${type}[]`).join(', ')})
  ON CONFLICT (campaign_id) DO UPDATE SET ${NAMES.slice(1)
    .map((name) => `${name} = excluded.${name}`)
    .join(', ')}, changed_xid = pg_current_xact_id()`;

/** Writes them and, at the commit, tells those who follow them. */
export async function writeThrottles(tx: EntityManager, throttles: readonly Throttle[]): Promise<void> {
  if (throttles.length === 0) return;
  await tx.query(
    WRITE_SQL,
    COLUMNS.map(([, , of]) => throttles.map(of)),
  );
  await tx.query(`SELECT pg_notify('pacing_changed', '')`);
}
