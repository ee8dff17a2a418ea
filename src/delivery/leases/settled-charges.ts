import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { HORIZON_SQL } from '../../platform/database/horizon.js';

export interface SettledCharge {
  readonly id: string;
  readonly adGroupId: string;
  readonly micros: number;
  /** See `decidedMinute`. */
  readonly minute: number;
  /** Epoch ms. */
  readonly settledAt: number;
}

/**
 * The charges of one holder's messages as they are settled, or parked with their batch, each given once: one that was parked is
 * settled without a holder.
 */
@Injectable()
export class SettledCharges {
  private horizon = '0';
  /** What the read before gave; a charge that was visible then and is at or above the horizon is among them. */
  private given: ReadonlySet<string> = new Set();

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Those that were committed since the read before. */
  async next(holder: number): Promise<readonly SettledCharge[]> {
    // The horizon is taken first: what commits while charges are read is read again next time.
    const [next] = await this.dataSource.query<{ horizon: string }[]>(`SELECT ${HORIZON_SQL} AS horizon`);
    const charges = await this.dataSource.query<SettledCharge[]>(
      `SELECT id, ad_group_id AS "adGroupId", amount_micros AS micros, decided_minute AS minute,
              (extract(epoch FROM created_at) * 1000)::float8 AS "settledAt"
       FROM ledger_transfers WHERE lease_holder = $1 AND created_xid >= $2::text::xid8 AND kind = 'charge'
       UNION ALL
       SELECT 'parked-' || id, ad_group_id, amount_micros, decided_minute, (extract(epoch FROM parked_at) * 1000)::float8
       FROM parked_charges WHERE lease_holder = $1 AND created_xid >= $2::text::xid8`,
      [holder, this.horizon],
    );
    const { given } = this;
    this.given = new Set(charges.map(({ id }) => id));
    this.horizon = next?.horizon ?? this.horizon;
    return charges.filter(({ id }) => !given.has(id));
  }
}
