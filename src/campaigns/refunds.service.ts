import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { conflict, invalid, notFound } from '../platform/app-error.js';
import { Once, type RequestIdentity } from '../platform/database/once.js';
import { newId } from '../platform/ids.js';
import type { CreateRefundDto, RefundDto } from './dto/refund.dto.js';
import { requireIdForm } from './known-id.js';
import { raiseBalance } from './raise-balance.js';
import { toTransfer, TRANSFER_COLUMNS, type TransferRow } from './transfer-row.js';

/** What a refund gives back of: null where it names none. */
interface Scope {
  readonly campaignId: string | null;
  readonly adGroupId: string | null;
  readonly day: string | null;
}

/**
 * Money that was charged and is given back, with its reason: a transfer from revenue to the prepaid account. Never more
 * than was charged in the scope that is named, less every earlier refund that may have come out of it: one for a whole
 * campaign counts against each of its days. Budgets count charges, so a refund makes no room in them.
 */
@Injectable()
export class RefundsService {
  constructor(private readonly once: Once) {}

  async refund(advertiserId: string, dto: CreateRefundDto, identity: RequestIdentity): Promise<RefundDto> {
    requireIdForm('advertiser', advertiserId);
    return this.once.create(identity, async (tx) => {
      await lockAccount(tx, advertiserId);
      const scope = await readScope(tx, advertiserId, dto);
      const row =
        (await findRefund(tx, advertiserId, dto, scope)) ??
        (await enterRefund(tx, advertiserId, dto, scope, identity.now));
      const { id, amountMicros, currency, reference, createdAt } = toTransfer(row);
      return { id, advertiserId, amountMicros, currency, reference, reason: dto.reason, ...scope, createdAt };
    });
  }
}

/** Settlement takes the same lock: neither charges nor other refunds are entered meanwhile. */
async function lockAccount(tx: EntityManager, advertiserId: string): Promise<void> {
  const rows = await tx.query<unknown[]>('SELECT 1 FROM prepaid_accounts WHERE advertiser_id = $1 FOR NO KEY UPDATE', [
    advertiserId,
  ]);
  if (rows.length === 0) throw notFound('advertiser', advertiserId);
}

/** An ad group tells its campaign. */
async function readScope(tx: EntityManager, advertiserId: string, dto: CreateRefundDto): Promise<Scope> {
  const { campaignId = null, adGroupId = null, day = null } = dto;
  if (day !== null && !isDate(day)) throw invalid([{ path: 'day', message: 'must be a date such as 2026-11-20' }]);
  if (campaignId === null && adGroupId === null) return { campaignId, adGroupId, day };
  // $1 the advertiser, $2 the campaign, $3 the ad group; each of the two may be null.
  const [found] = await tx.query<{ campaign_id: string; has_ad_group: boolean }[]>(
    `SELECT c.id AS campaign_id, g.id IS NOT NULL AS has_ad_group
     FROM campaigns c LEFT JOIN ad_groups g ON g.campaign_id = c.id AND g.id = $3
     WHERE c.advertiser_id = $1 AND c.id = coalesce($2, (SELECT campaign_id FROM ad_groups WHERE id = $3))`,
    [advertiserId, campaignId, adGroupId],
  );
  if (found === undefined && campaignId !== null) {
    throw invalid([{ path: 'campaignId', message: 'must be a campaign of this advertiser' }]);
  }
  if (adGroupId !== null && found?.has_ad_group !== true) {
    throw invalid([
      { path: 'adGroupId', message: 'must be an ad group of this advertiser, in the campaign if one is named' },
    ]);
  }
  return { campaignId: found?.campaign_id ?? null, adGroupId, day };
}

/** Date rolls 30 February over into March; what it reads back tells. */
function isDate(day: string): boolean {
  const time = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(time) && day >= '1970' && new Date(time).toISOString().startsWith(day);
}

async function findRefund(
  tx: EntityManager,
  advertiserId: string,
  dto: CreateRefundDto,
  scope: Scope,
): Promise<TransferRow | null> {
  const [row] = await tx.query<TransferRow[]>(
    `SELECT ${TRANSFER_COLUMNS} FROM ledger_transfers WHERE advertiser_id = $1 AND kind = 'refund' AND reference = $2`,
    [advertiserId, dto.reference],
  );
  if (row === undefined) return null;
  const isSame =
    row.amount_micros === dto.amountMicros &&
    row.reason === dto.reason &&
    row.campaign_id === scope.campaignId &&
    row.ad_group_id === scope.adGroupId &&
    row.day === scope.day;
  if (isSame) return row;
  throw conflict('reference_reused', `The reference '${dto.reference}' is that of another refund already.`);
}

/** Takes the account's lock for granted. */
async function enterRefund(
  tx: EntityManager,
  advertiserId: string,
  { amountMicros, reference, reason }: CreateRefundDto,
  scope: Scope,
  now: number,
): Promise<TransferRow> {
  const left = await refundable(tx, advertiserId, scope);
  if (BigInt(amountMicros) > left) {
    const message = `must be at most ${left} micros: what was charged in this scope and not given back yet`;
    throw invalid([{ path: 'amountMicros', message }]);
  }
  const [row] = await tx.query<TransferRow[]>(
    `INSERT INTO ledger_transfers (id, kind, advertiser_id, debit_account, credit_account, amount_micros, currency,
                                   reference, reason, campaign_id, ad_group_id, day, created_at)
     SELECT $2, 'refund', a.id, 'revenue:' || a.currency, 'prepaid:' || a.id, $3::bigint, a.currency,
            $4, $5, $6, $7, $8::date, $9::timestamptz
     FROM advertisers a WHERE a.id = $1 RETURNING ${TRANSFER_COLUMNS}`,
    [advertiserId, newId('transfer'), amountMicros, reference, reason, ...scopeOf(scope), new Date(now)],
  );
  if (row === undefined) throw notFound('advertiser', advertiserId);
  await raiseBalance(tx, advertiserId, amountMicros);
  return row;
}

/** Charges of the scope, less the refunds that overlap it. $1 the advertiser, $2 campaign, $3 ad group, $4 day, or null. */
async function refundable(tx: EntityManager, advertiserId: string, scope: Scope): Promise<bigint> {
  const [row] = await tx.query<{ left: string }[]>(
    `SELECT (
       (SELECT coalesce(sum(s.spent_micros), 0) FROM daily_spend s JOIN campaigns c ON c.id = s.campaign_id
        WHERE c.advertiser_id = $1 AND ($2::text IS NULL OR s.campaign_id = $2)
          AND ($3::text IS NULL OR s.ad_group_id = $3) AND ($4::date IS NULL OR s.day = $4))
       - (SELECT coalesce(sum(t.amount_micros), 0) FROM ledger_transfers t
          WHERE t.advertiser_id = $1 AND t.kind = 'refund'
            AND ($2::text IS NULL OR t.campaign_id IS NULL OR t.campaign_id = $2)
            AND ($3::text IS NULL OR t.ad_group_id IS NULL OR t.ad_group_id = $3)
            AND ($4::date IS NULL OR t.day IS NULL OR t.day = $4))
     )::text AS left`,
    [advertiserId, ...scopeOf(scope)],
  );
  const left = BigInt(row?.left ?? 0);
  return left > 0n ? left : 0n;
}

function scopeOf({ campaignId, adGroupId, day }: Scope): readonly (string | null)[] {
  return [campaignId, adGroupId, day];
}
