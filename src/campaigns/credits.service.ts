import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { type Actor, requireTenant } from '../access/access.api.js';
import { conflict, notFound } from '../platform/app-error.js';
import { Once, type RequestIdentity } from '../platform/database/once.js';
import { type Page, type PageQuery, PageCursors } from '../platform/http/page.js';
import { newId } from '../platform/ids.js';
import { type Balance, writeBalance } from './balance.js';
import type { CreateCreditDto, CreditDto } from './dto/credit.dto.js';
import type { TransferDto } from './dto/ledger.dto.js';
import { requireIdForm } from './known-id.js';
import { raiseBalance } from './raise-balance.js';
import { toTransfer, TRANSFER_COLUMNS, type TransferRow } from './transfer-row.js';

const CURSORS = new PageCursors('ledger');

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
        reason: row.reason,
        createdAt: row.created_at.toISOString(),
      };
    });
  }

  /** As JSON text: what was ever paid in may pass 2^53 micros. */
  async balance(actor: Actor, advertiserId: string, now: number): Promise<string> {
    requireIdForm('advertiser', advertiserId);
    requireTenant(actor, advertiserId, 'advertiser', advertiserId);
    // What was spent follows from the others: a charge lowers the balance in the transaction that enters it.
    const [balance] = await this.dataSource.query<Balance[]>(
      `SELECT a.currency, p.balance_micros AS "balanceMicros",
         (SELECT coalesce(sum(t.amount_micros), 0)::text FROM ledger_transfers t
          WHERE t.advertiser_id = a.id AND t.kind = 'credit') AS "creditedMicros",
         (SELECT coalesce(sum(t.amount_micros), 0)::text FROM ledger_transfers t
          WHERE t.advertiser_id = a.id AND t.kind = 'refund') AS "refundedMicros"
       FROM advertisers a JOIN prepaid_accounts p ON p.advertiser_id = a.id WHERE a.id = $1`,
      [advertiserId],
    );
    if (balance === undefined) throw notFound('advertiser', advertiserId);
    return writeBalance(balance, now);
  }

  /** All transfers of an advertiser's money, in the order of their entry. */
  async ledger(actor: Actor, advertiserId: string, { limit, cursor }: PageQuery): Promise<Page<TransferDto>> {
    requireIdForm('advertiser', advertiserId);
    requireTenant(actor, advertiserId, 'advertiser', advertiserId);
    const [known] = await this.dataSource.query<unknown[]>('SELECT 1 FROM advertisers WHERE id = $1', [advertiserId]);
    if (known === undefined) throw notFound('advertiser', advertiserId);
    const rows = await this.dataSource.query<TransferRow[]>(
      `SELECT ${TRANSFER_COLUMNS} FROM ledger_transfers WHERE advertiser_id = $1 AND id > $2 ORDER BY id LIMIT $3`,
      [advertiserId, CURSORS.after(cursor), limit + 1],
    );
    return CURSORS.page(rows, limit, toTransfer);
  }

  /** Null when the ledger has the reference already; it waits for a transaction that is about to enter it. */
  private async insert(
    tx: EntityManager,
    advertiserId: string,
    { amountMicros, reference, reason }: CreateCreditDto,
    now: number,
  ): Promise<TransferRow | null> {
    const [row] = await tx.query<TransferRow[]>(
      `INSERT INTO ledger_transfers
         (id, kind, advertiser_id, debit_account, credit_account, amount_micros, currency, reference, reason, created_at)
       SELECT $2, 'credit', a.id, 'cash:' || a.currency, 'prepaid:' || a.id, $3::bigint, a.currency, $4, $5, $6::timestamptz
       FROM advertisers a WHERE a.id = $1
       ON CONFLICT ON CONSTRAINT ledger_transfers_once DO NOTHING RETURNING ${TRANSFER_COLUMNS}`,
      [advertiserId, newId('transfer'), amountMicros, reference, reason ?? null, new Date(now)],
    );
    if (row === undefined) return null;
    await raiseBalance(tx, advertiserId, amountMicros);
    return row;
  }

  private async first(tx: EntityManager, advertiserId: string, dto: CreateCreditDto): Promise<TransferRow> {
    const [row] = await tx.query<TransferRow[]>(
      `SELECT ${TRANSFER_COLUMNS} FROM ledger_transfers WHERE advertiser_id = $1 AND kind = 'credit' AND reference = $2`,
      [advertiserId, dto.reference],
    );
    if (row === undefined) throw notFound('advertiser', advertiserId);
    if (row.amount_micros !== dto.amountMicros || row.reason !== (dto.reason ?? null)) {
      const why = row.reason === null ? 'without a reason' : `for '${row.reason}'`;
      const detail = `The reference '${dto.reference}' was credited with ${row.amount_micros} micros ${why} already.`;
      throw conflict('reference_reused', detail);
    }
    return row;
  }
}
