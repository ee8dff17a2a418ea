import { join } from 'node:path';
import pg from 'pg';
import { CannotStart } from '../cannot-start.js';
import { keptPassword } from './kept-password.js';
import { type PostgresLauncher, postgresLauncher } from './postgres-account.js';
import { locatePostgres, type PostgresBinaries } from './postgres-binaries.js';
import { clusterDirectory, ensureCluster, lockedBy } from './postgres-cluster.js';
import type { ServerCommand, ServerPlan } from './supervised-server.js';
import type { StopSteps } from './termination.js';

export interface PostgresOptions {
  readonly dataDir: string;
  /** False trades safety in a crash of the machine for speed; for tests only. */
  readonly durable: boolean;
}

const USER = 'matchum';
const DATABASE = 'matchum';
const ANSWER_MS = 2_000;

/** Client libraries report these while a server starts, recovers or stops. */
const NOT_YET = new Set(['57P01', '57P02', '57P03', '53300']);

/** SQLSTATE class 28: invalid authorization. */
const WRONG_PASSWORD = '28';

const SETTINGS: readonly string[] = [
  'listen_addresses=127.0.0.1',
  // No socket file: nothing to be left behind in /tmp, and no second way in.
  'unix_socket_directories=',
  // For the pools of an API and a worker, each of up to 10, and some tools; tests open many small pools.
  'max_connections=200',
  // What a statement did wrong is told to its client; the log keeps what concerns the server.
  'log_min_messages=log',
  'log_checkpoints=off',
  'timezone=UTC',
  'log_timezone=UTC',
];

/** Commits still reach the system's cache, so that a killed server, unlike a killed machine, loses nothing. */
const THROW_AWAY: readonly string[] = ['fsync=off', 'full_page_writes=off'];

/**
 * A PostgreSQL of the product's own, its cluster under `<dataDir>/postgres`: loopback only, password kept beside it.
 */
export class PostgresServer implements ServerPlan {
  readonly name = 'postgres';
  readonly logFile: string;
  readonly stopSteps: StopSteps = [
    { signal: 'SIGINT', patienceMs: 30_000 },
    { signal: 'SIGQUIT', patienceMs: 10_000 },
  ];
  /** A port taken meanwhile; or a client's process of a killed server that still has to notice. */
  readonly passingFault = /could not bind|could not create any TCP|pre-existing shared memory block/;

  private constructor(
    private readonly clusterDir: string,
    private readonly password: string,
    private readonly binaries: PostgresBinaries,
    private readonly launcher: PostgresLauncher,
    private readonly durable: boolean,
    dataDir: string,
  ) {
    this.logFile = join(dataDir, 'postgres.log');
  }

  /** Creates the cluster where there is none. */
  static async prepare({ dataDir, durable }: PostgresOptions): Promise<PostgresServer> {
    const directory = clusterDirectory(dataDir);
    const binaries = await locatePostgres();
    const launcher = await postgresLauncher(binaries, directory);
    const password = await keptPassword(join(dataDir, 'postgres-password'));
    const server = new PostgresServer(directory, password, binaries, launcher, durable, dataDir);
    const initdb = (args: readonly string[]): ServerCommand => server.launch([binaries.initdb, ...args]);
    await ensureCluster({ directory, user: USER, password, durable, launcher, initdb });
    return server;
  }

  async command(port: number): Promise<ServerCommand> {
    const settings = this.durable ? SETTINGS : [...SETTINGS, ...THROW_AWAY];
    const stalePid = await lockedBy(this.clusterDir);
    return this.launch(
      [
        this.binaries.postgres,
        '-D',
        this.clusterDir,
        '-p',
        String(port),
        ...settings.flatMap((setting) => ['-c', setting]),
      ],
      // The server takes a lock file that names its grandparent for a stale one. Unlike removing the file, this keeps its
      // check that no process of a killed server still writes to the cluster.
      stalePid === null ? {} : { PG_GRANDPARENT_PID: String(stalePid) },
    );
  }

  async answers(port: number): Promise<boolean> {
    try {
      await this.query(port, 'postgres', 'SELECT 1');
      return true;
    } catch (error) {
      const code = error instanceof pg.DatabaseError ? error.code : undefined;
      if (code === undefined || NOT_YET.has(code)) return false;
      if (!code.startsWith(WRONG_PASSWORD)) throw error;
      throw new CannotStart(
        `The embedded PostgreSQL refuses its own password. Put back the file postgres-password that belongs to ` +
          `${this.clusterDir}, or remove that directory to begin with an empty database.`,
        { cause: error },
      );
    }
  }

  /** True when the database was missing, and so is empty. */
  async ensureDatabase(port: number): Promise<boolean> {
    const found = await this.query(port, 'postgres', `SELECT 1 FROM pg_database WHERE datname = '${DATABASE}'`);
    if (found > 0) return false;
    await this.query(port, 'postgres', `CREATE DATABASE ${DATABASE}`);
    return true;
  }

  url(port: number, database = DATABASE): string {
    return `postgres://${USER}:${this.password}@127.0.0.1:${port}/${database}`;
  }

  private async query(port: number, database: string, sql: string): Promise<number> {
    const client = new pg.Client({ connectionString: this.url(port, database), connectionTimeoutMillis: ANSWER_MS });
    // A server that dies in mid-query reports twice: to the query, and here.
    client.on('error', () => undefined);
    try {
      await client.connect();
      return (await client.query(sql)).rowCount ?? 0;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  private launch(command: readonly string[], env: Readonly<Record<string, string>> = {}): ServerCommand {
    const [file = '', ...args] = [...this.launcher.prefix, ...command];
    return {
      file,
      args,
      // Nothing of this process's environment: it may hold secrets that the server has no use for.
      options: {
        cwd: '/',
        env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C', ...env },
        ...this.launcher.account,
      },
    };
  }
}
