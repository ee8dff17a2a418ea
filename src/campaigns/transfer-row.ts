import type { TransferDto } from './dto/ledger.dto.js';

/** A transfer of the ledger, as the advertisers' side reads it. */
export interface TransferRow {
  readonly id: string;
  readonly kind: TransferDto['kind'];
  readonly amount_micros: number;
  readonly currency: string;
  readonly reference: string;
  readonly reason: string | null;
  readonly campaign_id: string | null;
  readonly ad_group_id: string | null;
  readonly day: string | null;
  readonly created_at: Date;
}

export const TRANSFER_COLUMNS =
  'id, kind, amount_micros, currency, reference, reason, campaign_id, ad_group_id, day::text, created_at';

export function toTransfer(row: TransferRow): TransferDto {
  return {
    id: row.id,
    kind: row.kind,
    amountMicros: row.amount_micros,
    currency: row.currency,
    reason: row.reason,
    reference: row.reference,
    campaignId: row.campaign_id,
    adGroupId: row.ad_group_id,
    day: row.day,
    createdAt: row.created_at.toISOString(),
  };
}
