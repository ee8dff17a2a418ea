import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { type Actor, requireTenant } from '../access/access.api.js';
import { MAX_AMOUNT_MICROS } from '../core/money/micros.js';
import { conflict, invalid, notFound } from '../platform/app-error.js';
import { Once, type RequestIdentity } from '../platform/database/once.js';
import { newId } from '../platform/ids.js';
import { type Balance, writeBalance } from './balance.js';
import type { CreateCreditDto, CreditDto } from './dto/credit.dto.js';
import { requireIdForm } from './known-id.js';

interface CreditRow {
  readonly id: string;
  readonly amount_micros: number;
  readonly currency: string;
  readonly reference: string;
  readonly created_at: Date;
}

const COLUMNS = 'id, amount_micros, currency, reference, created_at';

/**
 * Money that comes in. A credit is one transfer of the ledger, and raises the balance in the same transaction; the
 * ledger takes a reference once, so that a payment told twice is credited once.
 */
@Injectable()
export class CreditsService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly once: Once,
  ) {}

  async credit(advertiserId: string, dto: CreateCreditDto, identity: RequestIdentity): Promise<CreditDto> {
    requireIdForm('advertiser', advertiserId);
    return this.once.create(identity, async (tx) => {
      const row = (await this.insert(tx, advertiserId, dto, identity.now)) ?? (await this.first(tx, advertiserId, dto));
      return {
        id: row.id,
        advertiserId,
        amountMicros: row.amount_micros,
        currency: row.currency,
        reference: row.reference,
        createdAt: row.created_at.toISOString(),
      };
    });
  }

  /** As JSON text: what was ever paid in may pass 2^53 micros. */
  async balance(actor: Actor, advertiserId: string, now: number): Promise<string> {
    requireIdForm('advertiser', advertiserId);
    requireTenant(actor, advertiserId, 'advertiser', advertiserId);
    // What was spent follows from the other two: a charge lowers the balance in the transaction that enters it.
    const [balance] = await this.dataSource.query<Balance[]>(
      `SELECT a.currency, p.balance_micros AS "balanceMicros",
         (SELECT coalesce(sum(t.amount_micros), 0)::text FROM ledger_transfers t
          WHERE t.advertiser_id = a.id AND t.kind = 'credit') AS "creditedMicros"
       FROM advertisers a JOIN prepaid_accounts p ON p.advertiser_id = a.id WHERE a.id = $1`,
      [advertiserId],
    );
    if (balance === undefined) throw notFound('advertiser', advertiserId);
    return writeBalance(balance, now);
  }

  /** Null when the ledger has the reference already; it waits for a transaction that is about to enter it. */
  private async insert(
    tx: EntityManager,
    advertiserId: string,
    { amountMicros, reference }: CreateCreditDto,
    now: number,
  ): Promise<CreditRow | null> {
    const [row] = await tx.query<CreditRow[]>(
      `INSERT INTO ledger_transfers
         (id, kind, advertiser_id, debit_account, credit_account, amount_micros, currency, reference, created_at)
       SELECT $2, 'credit', a.id, 'cash:' || a.currency, 'prepaid:' || a.id, $3::bigint, a.currency, $4, $5::timestamptz
       FROM advertisers a WHERE a.id = $1
       ON CONFLICT ON CONSTRAINT ledger_transfers_once DO NOTHING RETURNING ${COLUMNS}`,
      [advertiserId, newId('transfer'), amountMicros, reference, new Date(now)],
    );
    if (row === undefined) return null;
    const [, raised] = await tx.query<[unknown[], number]>(
      `UPDATE prepaid_accounts
       SET balance_micros = balance_micros + $2::bigint, changed_xid = pg_current_xact_id()
       WHERE advertiser_id = $1 AND balance_micros <= $3::bigint - $2::bigint`,
      [advertiserId, amountMicros, MAX_AMOUNT_MICROS],
    );
    if (raised === 0) {
      const message = `would raise the balance above ${MAX_AMOUNT_MICROS} micros, which is the most that is held`;
      throw invalid([{ path: 'amountMicros', message }]);
    }
    return row;
  }

  private async first(tx: EntityManager, advertiserId: string, dto: CreateCreditDto): Promise<CreditRow> {
    const [row] = await tx.query<CreditRow[]>(
      `SELECT ${COLUMNS} FROM ledger_transfers WHERE advertiser_id = $1 AND kind = 'credit' AND reference = $2`,
      [advertiserId, dto.reference],
    );
    if (row === undefined) throw notFound('advertiser', advertiserId);
    if (row.amount_micros !== dto.amountMicros) {
      const detail = `The reference '${dto.reference}' was credited with ${row.amount_micros} micros already.`;
      throw conflict('reference_reused', detail);
    }
    return row;
  }
}
