import type { AuditCheck } from './audit-check.js';

/**
 * Triggers that the audit takes for granted. `type`: bits of `pg_trigger.tgtype`: 1 for each row, 2 before, 4 INSERT,
 * 8 DELETE, 16 UPDATE, 32 TRUNCATE.
 */
const TRIGGERS = `(VALUES
  ('ledger_transfers', 'ledger_transfers_append_only', 2 + 8 + 16 + 32),
  ('advertisers', 'advertisers_keep_limits', 1 + 16),
  ('campaigns', 'campaigns_keep_limits', 1 + 16),
  ('ad_groups', 'ad_groups_keep_limits', 1 + 16),
  ('creatives', 'creatives_keep_limits', 1 + 16),
  ('placements', 'placements_keep_limits', 1 + 16),
  ('placements', 'placements_keep_hold_time', 1 + 2 + 16)) AS x (of_table, name, type)`;

/**
 * Off or for replication only: `tgenabled` tells what holds for everybody. A session that turned its own triggers off is
 * not seen.
 */
export const TRIGGER_CHECKS: readonly AuditCheck[] = [
  {
    name: 'triggers',
    rule: 'the triggers that refuse changes of the ledger and keep those of limits are there, and on',
    sql: `SELECT CASE WHEN t.oid IS NULL THEN format('%s: not there', x.name)
                      WHEN t.tgenabled NOT IN ('O', 'A') THEN format('%s: off', x.name)
                      WHEN t.tgtype <> x.type THEN format('%s: for other changes than it should', x.name) END AS fault
          FROM ${TRIGGERS}
          LEFT JOIN pg_trigger t ON t.tgrelid = x.of_table::regclass AND t.tgname = x.name`,
  },
];
