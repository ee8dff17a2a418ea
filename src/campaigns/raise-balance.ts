import type { EntityManager } from 'typeorm';
import { MAX_AMOUNT_MICROS } from '../core/money/micros.js';
import { invalid } from '../platform/app-error.js';

/**
 * Adds money that the ledger has in the same transaction; refuses what would lift the balance above the most that is
 * held. Campaigns that the balance left short are announced as changed, so that they serve again at once.
 */
export async function raiseBalance(tx: EntityManager, advertiserId: string, amountMicros: number): Promise<void> {
  const [, raised] = await tx.query<[unknown[], number]>(
    `UPDATE prepaid_accounts
     SET balance_micros = balance_micros + $2::bigint, changed_xid = pg_current_xact_id()
     WHERE advertiser_id = $1 AND balance_micros <= $3::bigint - $2::bigint`,
    [advertiserId, amountMicros, MAX_AMOUNT_MICROS],
  );
  if (raised > 0) return announceShort(tx, advertiserId);
  const message = `would raise the balance above ${MAX_AMOUNT_MICROS} micros, which is the most that is held`;
  throw invalid([{ path: 'amountMicros', message }]);
}

async function announceShort(tx: EntityManager, advertiserId: string): Promise<void> {
  await tx.query(
    `UPDATE campaigns SET changed_xid = DEFAULT
     WHERE id IN (SELECT campaign_id FROM budget_leases WHERE advertiser_id = $1 AND shortage = 'balance')`,
    [advertiserId],
  );
}
