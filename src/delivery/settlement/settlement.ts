import { Inject, Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import type { ClickFault } from '../../core/traffic/invalid-reason.js';
import type { ClickLimit } from '../../core/traffic/judge-clicks.js';
import { Clock } from '../../platform/clock.js';
import { ExposureWriter } from '../exposure/exposure-writer.js';
import { addInvalidTraffic } from '../traffic/add-invalid-traffic.js';
import { CLICK_LIMITS } from '../traffic/click-limits.js';
import { InvalidTrafficTally } from '../traffic/invalid-traffic-tally.js';
import { addReportRows } from './add-report-rows.js';
import { eventKey, readOtherEvents, type SettlingEvent } from './batch-events.js';
import { readImpressions } from './batch-impressions.js';
import { tallyOf } from './event-tally.js';
import { findInvalid } from './invalid-events.js';
import { endParkedCharges, isBoundByParking } from './parked-charges.js';
import { describeFailure } from './settlement-failure.js';
import { lockBalances, settleCharges } from './settle-charges.js';

/** `settled_before`, also where it is parked: there is nothing to do. */
export type SettlementOutcome = 'settled' | 'settled_before';

/**
 * Batches settled in one transaction: rows that many of them touch are written once, so that settlement gets faster the
 * further it is behind. Of 1,000 events each, they take 1.3 to 1.8 s on two cores (docs/benchmarks.md).
 */
const MOST_TOGETHER = 64;

/**
 * Settles event batches: counts, charges and report rows in one transaction, once. The batch's row is locked and marked
 * in the same transaction, so a batch that comes twice, or whose worker died, is settled exactly once.
 *
 * The members' exposure state is confirmed before the commit: when the commit fails, an impression may count in Redis a
 * little before it counts here, which is the safe side, and the retry confirms it again.
 */
@Injectable()
export class Settlement {
  private readonly logger = new Logger(Settlement.name);

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly exposure: ExposureWriter,
    private readonly clock: Clock,
    @Inject(CLICK_LIMITS) private readonly clickLimits: readonly ClickLimit[],
  ) {}

  /**
   * Settles the batch, and with it others that wait; answers how many, 0 where it is settled or parked. Where they fail together,
   * the batch is settled alone, so that it tells its own fault; one that failed before is settled alone from the start, so that
   * it is not blamed for others, and so is one that was parked, of whose charges no holder is told again.
   */
  async settleTogether(batchId: string): Promise<number> {
    let batchIds: readonly string[] = [];
    try {
      await this.dataSource.transaction(async (tx) => {
        const [claimed] = await claim(tx, batchId);
        if (claimed === undefined) return;
        const isAlone = claimed.attempts > 0 || claimed.wasParked;
        batchIds = [batchId, ...(isAlone ? [] : await claimOthers(tx, batchId))];
        await this.settleClaimed(tx, batchIds, claimed.wasParked);
      });
      return batchIds.length;
    } catch (error) {
      if (batchIds.length < 2) throw error;
      this.logger.warn({ msg: 'batches are not settled together', batch: batchId, reason: describeFailure(error) });
      return (await this.settle(batchId)) === 'settled' ? 1 : 0;
    }
  }

  /** Settles the batch alone. */
  settle(batchId: string): Promise<SettlementOutcome> {
    return this.dataSource.transaction(async (tx) => {
      const [claimed] = await claim(tx, batchId);
      if (claimed === undefined) return 'settled_before';
      await this.settleClaimed(tx, [batchId], claimed.wasParked);
      return 'settled';
    });
  }

  /** Ids of batches that wait for their settlement: those that failed least first, then the oldest. Parked ones do not. */
  async unsettled(limit: number): Promise<readonly string[]> {
    const rows = await this.dataSource.query<{ id: string }[]>(
      'SELECT id FROM event_batches WHERE settled_at IS NULL AND parked_at IS NULL ORDER BY attempts, received_at LIMIT $1',
      [limit],
    );
    return rows.map((row) => row.id);
  }

  private async settleClaimed(tx: EntityManager, batchIds: readonly string[], wasParked: boolean): Promise<void> {
    // Nothing changes these any more: they are read, and begun to be confirmed, while another settlement may have the lock.
    const impressions = await readImpressions(tx, batchIds);
    const confirmed = this.exposure.confirm(impressions);
    // It is waited for below; until then, its failure is nobody's.
    confirmed.catch(() => undefined);
    // Before all that depends on other batches: only under the advertiser's lock is it certain who of an impression and its
    // click, in two batches that are settled at once, sees the other.
    const balances = await lockBalances(tx, batchIds);
    const others = await readOtherEvents(tx, batchIds);
    const shown = others.filter((event) => event.isShown);
    const invalid = await findInvalid(tx, shown, this.clickLimits);
    const valid = shown.filter((event) => !invalid.has(eventKey(event)));
    const tallies = [...impressions, ...valid.map(tallyOf)];
    const batches = { batchIds, now: this.clock.now(), balances, wasParked };
    const { charged, refused } = await settleCharges(tx, batches, tallies, valid);
    if (wasParked) await endParkedCharges(tx, batchIds, batches.now);
    await markOutcomes(tx, others, refused, invalid);
    await addReportRows(tx, tallies, charged, refused.values());
    await addInvalid(tx, shown, invalid);
    await confirmed;
    await tx.query('UPDATE event_batches SET settled_at = $2, last_error = NULL WHERE id = ANY($1)', [
      batchIds,
      new Date(this.clock.now()),
    ]);
  }
}

interface ClaimedBatch {
  readonly attempts: number;
  /** With events that cost something. */
  readonly wasParked: boolean;
}

/** Waits for another settlement of it: should that one fail, this one is at hand. */
function claim(tx: EntityManager, batchId: string): Promise<readonly ClaimedBatch[]> {
  return tx.query(
    `SELECT attempts, ${isBoundByParking('$1')} AS "wasParked" FROM event_batches
     WHERE id = $1 AND settled_at IS NULL AND parked_at IS NULL FOR UPDATE`,
    [batchId],
  );
}

/** Those that wait longest, that nobody settles just now and that never failed or were parked: those are settled by themselves. */
async function claimOthers(tx: EntityManager, batchId: string): Promise<readonly string[]> {
  const rows = await tx.query<{ id: string }[]>(
    `SELECT id FROM event_batches
     WHERE settled_at IS NULL AND parked_at IS NULL AND attempts = 0 AND id <> $1
       AND NOT ${isBoundByParking('event_batches.id')}
     ORDER BY received_at LIMIT $2 FOR UPDATE SKIP LOCKED`,
    [batchId, MOST_TOGETHER - 1],
  );
  return rows.map(({ id }) => id);
}

/** Most events keep the outcome they were accepted with; only the others are written. `others`: those that are no impressions. */
async function markOutcomes(
  tx: EntityManager,
  others: readonly SettlingEvent[],
  refused: ReadonlyMap<string, SettlingEvent>,
  invalid: ReadonlyMap<string, ClickFault>,
): Promise<void> {
  const outcomeOf = (event: SettlingEvent): string => {
    if (!event.isShown) return 'waiting';
    const key = eventKey(event);
    if (invalid.has(key)) return 'invalid';
    return refused.has(key) ? 'over_budget' : 'accepted';
  };
  const impressions = [...refused.values()].filter(({ type }) => type === 'impression');
  const changed = [...impressions, ...others.filter((event) => event.waited || outcomeOf(event) !== 'accepted')];
  if (changed.length === 0) return;
  await tx.query(
    `UPDATE events SET outcome = change.outcome, invalid_reason = change.invalid_reason
     FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
       AS change (decided_at, message_id, type, event_id, outcome, invalid_reason)
     WHERE events.decided_at = change.decided_at AND events.message_id = change.message_id
       AND events.type = change.type AND events.event_id = change.event_id`,
    [
      changed.map((event) => event.decidedAt),
      changed.map((event) => event.messageId),
      changed.map((event) => event.type),
      changed.map((event) => event.eventId),
      changed.map(outcomeOf),
      changed.map((event) => invalid.get(eventKey(event)) ?? null),
    ],
  );
}

async function addInvalid(
  tx: EntityManager,
  events: readonly SettlingEvent[],
  invalid: ReadonlyMap<string, ClickFault>,
): Promise<void> {
  if (invalid.size === 0) return;
  const tally = new InvalidTrafficTally();
  for (const event of events) {
    const reason = invalid.get(eventKey(event));
    if (reason !== undefined) tally.add({ where: event, type: event.type, reason, at: event.occurredAt });
  }
  await addInvalidTraffic(tx, tally.take());
}
