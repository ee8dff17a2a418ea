import type { DataSource } from 'typeorm';
import { Client, type Pool, type PoolClient } from 'pg';

const PAUSE_MS = 2_000;
/** Longer than a server that is merely busy takes to say that it is there. */
const PROBE_TIMEOUT_MS = 3_000;

/**
 * While the product stops: connections that wait for a server which does not answer any more are ended, so that nobody
 * waits for them until their own, much longer timeout. Those of a server that answers are left to end their work.
 */
export class HungConnections {
  private readonly pool: Pool;
  private readonly busy = new Set<PoolClient>();

  constructor(
    dataSource: DataSource,
    private readonly url: string,
  ) {
    // TypeORM types its pool as `any`.
    this.pool = (dataSource.driver as unknown as { readonly master: Pool }).master;
    this.pool.on('acquire', (client) => this.busy.add(client));
    this.pool.on('release', (_error, client) => this.busy.delete(client));
    this.pool.on('remove', (client) => this.busy.delete(client));
  }

  /** Until the pool has no connections left; the timer keeps no process alive. */
  endFromNowOn(): void {
    setTimeout(() => void this.endHung(), PAUSE_MS).unref();
  }

  private async endHung(): Promise<void> {
    if (this.pool.ended) return;
    if (this.busy.size > 0 && !(await this.serverAnswers())) {
      // Ends at once where a query is waited for.
      for (const client of this.busy) (client as unknown as Client).end().catch(() => undefined);
    }
    this.endFromNowOn();
  }

  private async serverAnswers(): Promise<boolean> {
    const probe = new Client({
      connectionString: this.url,
      connectionTimeoutMillis: PROBE_TIMEOUT_MS,
      query_timeout: PROBE_TIMEOUT_MS,
    });
    probe.on('error', () => undefined);
    try {
      await probe.connect();
      await probe.query('SELECT 1');
      return true;
    } catch {
      return false;
    } finally {
      probe.end().catch(() => undefined);
    }
  }
}
