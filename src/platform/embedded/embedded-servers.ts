import { mkdir, realpath } from 'node:fs/promises';
import { claimDataDir, type DataDirClaim } from './data-dir-claim.js';
import { clusterDirectory, serverOf } from './postgres-cluster.js';
import { PostgresServer } from './postgres-server.js';
import { RedisServer } from './redis-server.js';
import type { ServerLog } from './server-log.js';
import { endLeftovers, ServerRecords } from './server-records.js';
import { type ServerPlan, SupervisedServer } from './supervised-server.js';

export interface EmbeddedOptions {
  /** Absolute. */
  readonly dataDir: string;
  readonly log: ServerLog;
  readonly postgres: boolean;
  readonly redis: boolean;
  /** False: made for tests, faster and unsafe in a crash of the machine. */
  readonly durable?: boolean;
  readonly redisAppendOnly?: boolean;
  readonly redisDatabases?: number;
  /** Gives up the start, and stops what runs already. */
  readonly signal?: AbortSignal;
}

const REDIS_DATABASES = 16;

/**
 * The servers that the product brings along, so that one command runs it: an embedded PostgreSQL and a private Redis.
 * Invariants: one living process owns a data directory and its servers; servers that outlived their owner are ended
 * before new ones touch the files; a server that dies is started again on the same port, so the URLs hold until `stop`.
 */
export class EmbeddedServers {
  private readonly supervised: SupervisedServer[] = [];
  private postgresUrl: string | null = null;
  private redisServerUrl: string | null = null;
  private fresh = false;
  private starting: Promise<void> = Promise.resolve();
  private stopped: Promise<void> | null = null;

  private constructor(
    private readonly claim: DataDirClaim,
    private readonly records: ServerRecords,
    private readonly options: EmbeddedOptions,
  ) {}

  /** Resolves when all of them answer; when it rejects, none is left running. */
  static async start(options: EmbeddedOptions): Promise<EmbeddedServers> {
    // Everyone may pass through, which PostgreSQL's own account needs under root; each file in it guards itself.
    await mkdir(options.dataDir, { recursive: true, mode: 0o755 });
    // One directory, one name: a leftover server is known by the directory on its command line.
    const dataDir = await realpath(options.dataDir);
    const claim = await claimDataDir(dataDir);
    const servers = new EmbeddedServers(claim, new ServerRecords(dataDir), { ...options, dataDir });
    const giveUp = (): void => void servers.stop();
    options.signal?.addEventListener('abort', giveUp, { once: true });
    try {
      options.signal?.throwIfAborted();
      servers.starting = servers.startAll();
      await servers.starting;
      options.signal?.throwIfAborted();
      return servers;
    } catch (error) {
      await servers.stop();
      throw error;
    } finally {
      options.signal?.removeEventListener('abort', giveUp);
    }
  }

  /** Null when it was not asked for. */
  get databaseUrl(): string | null {
    return this.postgresUrl;
  }

  get redisUrl(): string | null {
    return this.redisServerUrl;
  }

  /** True when this start made the database. */
  get isFresh(): boolean {
    return this.fresh;
  }

  /** Stops all of them cleanly and gives up the data directory; may be called again. */
  stop(): Promise<void> {
    this.stopped ??= this.stopAll();
    return this.stopped;
  }

  private async startAll(): Promise<void> {
    const { dataDir, log, postgres, redis } = this.options;
    const recorded = await this.records.leftovers();
    const locking = await serverOf(clusterDirectory(dataDir));
    const known = locking === null || recorded.some(({ identity }) => identity.pid === locking.pid);
    await endLeftovers(known ? recorded : [...recorded, { server: 'postgres', identity: locking }], log);
    // Redis first: only it may be missing from the machine, which should show before anything is made.
    if (redis) await this.startRedis();
    if (postgres) await this.startPostgres();
  }

  private async startRedis(): Promise<void> {
    const { dataDir, redisAppendOnly = true, redisDatabases = REDIS_DATABASES } = this.options;
    const plan = await RedisServer.prepare({ dataDir, appendOnly: redisAppendOnly, databases: redisDatabases });
    const server = await this.supervise(plan);
    this.redisServerUrl = plan.url(server.port);
  }

  private async startPostgres(): Promise<void> {
    const { dataDir, durable = true } = this.options;
    const plan = await PostgresServer.prepare({ dataDir, durable });
    const server = await this.supervise(plan);
    this.fresh = await plan.ensureDatabase(server.port);
    this.postgresUrl = plan.url(server.port);
  }

  private async supervise(plan: ServerPlan): Promise<SupervisedServer> {
    if (this.stopped !== null) throw new Error('The embedded servers were stopped while they started');
    const server = new SupervisedServer(plan, this.records, this.options.log);
    this.supervised.push(server);
    await server.start();
    return server;
  }

  private async stopAll(): Promise<void> {
    // A start that is under way adds no server from now on, but may still write to the directory.
    await Promise.all(this.supervised.map((server) => server.stop()));
    await this.starting.catch(() => undefined);
    await this.claim.release();
  }
}
