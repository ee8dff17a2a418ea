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
  private readonly busy = new Set<PoolClient>();
  private timer: NodeJS.Timeout | null = null;

  constructor(
    dataSource: DataSource,
    private readonly url: string,
  ) {
    // TypeORM types its pool as `any`.
    const { master } = dataSource.driver as unknown as { readonly master: Pool };
    master.on('acquire', (client) => this.busy.add(client));
    master.on('release', (_error, client) => this.busy.delete(client));
    master.on('remove', (client) => this.busy.delete(client));
  }

  /** The timer keeps no process alive; it is over when there are no connections left. */
  endFromNowOn(): void {
    this.timer ??= setTimeout(() => void this.endHung(), PAUSE_MS).unref();
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private async endHung(): Promise<void> {
    if (this.busy.size > 0 && !(await this.serverAnswers())) {
      // Ends at once where a query is waited for.
      for (const client of this.busy) void (client as unknown as Client).end().catch(() => undefined);
    }
    if (this.timer === null) return;
    this.timer = null;
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
