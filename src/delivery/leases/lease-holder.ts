import { performance } from 'node:perf_hooks';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';

/** So long after its last sign of life a process may still promise money; it stops by itself before. */
export const LIFETIME_MS = 30_000;
const RENEW_AFTER_MS = 5_000;

/**
 * This process as a holder of budget leases: a number in Postgres and the time until which it counts as alive. By its own
 * monotonic clock, which goes on while the process is frozen, it stops promising before others count it as dead.
 */
@Injectable()
export class LeaseHolder {
  private number: number | null = null;
  /** Of `performance.now()`, when the latest sign of life was sent. */
  private renewedTick = -Infinity;

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Null: nothing may be promised now. */
  get id(): number | null {
    return performance.now() - this.renewedTick < LIFETIME_MS ? this.number : null;
  }

  /**
   * Gives a sign of life if one is due. Where this process is another holder than before, without any claims, `onNew` is
   * called before it may promise as that one.
   */
  async renew(onNew: () => void): Promise<void> {
    const tick = performance.now();
    if (this.number !== null && tick - this.renewedTick < RENEW_AFTER_MS) return;
    if (this.number === null || !(await this.isKnown(this.number))) {
      this.number = null;
      const number = await this.register();
      // In one turn: what is promised in between would be forgotten, or promised by claims that are freed.
      onNew();
      this.number = number;
    }
    this.renewedTick = tick;
  }

  /** Promises nothing any more; what it has promised is kept until it is over. */
  async retire(): Promise<void> {
    this.renewedTick = -Infinity;
    if (this.number === null) return;
    await this.dataSource.query('UPDATE lease_holders SET alive_until = clock_timestamp() WHERE id = $1', [
      this.number,
    ]);
  }

  private async isKnown(number: number): Promise<boolean> {
    // TypeORM answers an UPDATE with its rows and their number.
    const [rows] = await this.dataSource.query<[unknown[], number]>(
      `UPDATE lease_holders SET alive_until = clock_timestamp() + make_interval(secs => $2) WHERE id = $1 RETURNING id`,
      [number, LIFETIME_MS / 1000],
    );
    return rows.length > 0;
  }

  private async register(): Promise<number> {
    const [row] = await this.dataSource.query<{ id: number }[]>(
      `INSERT INTO lease_holders (alive_until) VALUES (clock_timestamp() + make_interval(secs => $1)) RETURNING id`,
      [LIFETIME_MS / 1000],
    );
    return row!.id;
  }
}
