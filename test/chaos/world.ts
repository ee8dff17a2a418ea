import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { unlessBrokenOff } from '../../src/commands/breaking-off.js';
import { findFreePort } from '../../src/platform/embedded/free-port.js';
import { BreakableProxy } from '../servers/breakable-proxy.js';
import { describeFault, type Fault, PROCESS_NAMES, type ProcessName, type ServerName } from './fault-plan.js';
import { Link } from './link.js';
import type { ClientRecord } from './record.js';
import { ChaosServers } from './servers.js';
import type { RedisSync } from './synced-redis.js';
import { type LaunchProduct, SupervisedProcess } from './supervised-process.js';
import type { TimeLine } from './time-line.js';

/** What all processes of the run must agree on. */
export interface SharedSecrets {
  readonly adminKey: string;
  readonly tokenSecret: { readonly keyId: string; readonly secret: string };
}

export interface WorldPlan {
  /** An empty directory that everybody may pass through. */
  readonly dataDir: string;
  readonly launch: LaunchProduct;
  readonly redisSync: RedisSync;
  readonly timeLine: TimeLine;
  readonly signal: AbortSignal;
}

/** A busy machine must not empty the decisions whose keeping is looked at. */
const MATCH_DEADLINE_MS = '400';

/** Two API processes and two workers on servers of their own, and everything that can befall them. */
export class World {
  private constructor(
    readonly servers: ChaosServers,
    readonly processes: ReadonlyMap<ProcessName, SupervisedProcess>,
    readonly secrets: SharedSecrets,
    private readonly timeLine: TimeLine,
  ) {}

  /** Rejects when it is broken off by the signal; then nothing is left running, as after `stop`. */
  static async start({ dataDir, launch, redisSync, timeLine, signal }: WorldPlan): Promise<World> {
    const servers = await ChaosServers.start(join(dataDir, 'servers'), redisSync, signal);
    const secrets: SharedSecrets = {
      adminKey: `mk_admin_${randomBytes(16).toString('hex')}`,
      tokenSecret: { keyId: 'k1', secret: randomBytes(16).toString('hex') },
    };
    const processes = new Map<ProcessName, SupervisedProcess>();
    const world = new World(servers, processes, secrets, timeLine);
    try {
      await unlessBrokenOff(signal, async () => {
        for (const name of PROCESS_NAMES) {
          const plan = await world.plan(name, dataDir, launch);
          signal.throwIfAborted();
          const started = new SupervisedProcess(plan, timeLine);
          processes.set(name, started);
          // The first migrates the database; of the others, none then waits for another.
          await started.start();
        }
      });
      return world;
    } catch (error) {
      await world.stop();
      throw error;
    }
  }

  get apis(): readonly { readonly name: ProcessName; readonly url: string }[] {
    return [...this.processes].flatMap(([name, { url }]) => (name.startsWith('api') ? [{ name, url }] : []));
  }

  /** Resolves when the fault is over. */
  async inject(fault: Fault, record: ClientRecord): Promise<void> {
    this.timeLine.note(describeFault(fault));
    const losesRedis = this.servers.losesHolds(fault);
    if (losesRedis) record.losses.push(Date.now());
    await this.carryOut(fault);
    if (losesRedis) record.losses.push(Date.now());
  }

  async stop(): Promise<void> {
    await Promise.all([...this.processes.values()].map((process) => process.stop()));
    await Promise.all(
      [...this.processes.values()].flatMap(({ plan }) => Object.values(plan.links).map((link) => link.cut())),
    );
    await this.servers.stop();
  }

  private async carryOut(fault: Fault): Promise<void> {
    const { servers } = this;
    switch (fault.kind) {
      case 'flush':
        return servers.flushRedis();
      case 'forget':
        return this.without('redis', fault.lastsMs, () => servers.killRedis({ losesFile: true }));
      case 'kill':
        if (fault.target === 'redis') {
          return this.without('redis', fault.lastsMs, () => servers.killRedis({ losesFile: false }));
        }
        if (fault.target === 'postgres') return this.without('postgres', fault.lastsMs, () => servers.killPostgres());
        return this.process(fault.target).kill(fault.lastsMs);
      case 'freeze':
        if (fault.target !== 'redis') return this.process(fault.target).freeze(fault.lastsMs);
        return this.freezeRedis(fault.lastsMs);
      case 'cut':
      case 'hang':
        return this.breakLink(fault);
    }
  }

  private async freezeRedis(lastsMs: number): Promise<void> {
    const thaw = await this.servers.freezeRedis();
    await pause(lastsMs);
    thaw();
  }

  private async breakLink({ kind, target, server, lastsMs }: Extract<Fault, { kind: 'cut' | 'hang' }>): Promise<void> {
    const link = this.link(target, server);
    await (kind === 'cut' ? link.cut() : link.hang());
    await pause(lastsMs);
    await (kind === 'cut' ? link.uncut() : link.unhang());
  }

  /** The server dies and comes back by itself at once; nobody reaches it before the time is over. */
  private async without(server: ServerName, lastsMs: number, kill: () => Promise<void>): Promise<void> {
    const links = PROCESS_NAMES.map((name) => this.link(name, server));
    await kill();
    await Promise.all(links.map((link) => link.cut()));
    await pause(lastsMs);
    await Promise.all(links.map((link) => link.uncut()));
  }

  private process(name: ProcessName): SupervisedProcess {
    const found = this.processes.get(name);
    if (found === undefined) throw new Error(`There is no ${name}`);
    return found;
  }

  private link(name: ProcessName, server: ServerName): Link {
    return this.process(name).plan.links[server];
  }

  private async plan(name: ProcessName, dataDir: string, launch: LaunchProduct) {
    const { servers, secrets } = this;
    const ownDir = join(dataDir, name);
    await mkdir(ownDir);
    const links = {
      postgres: new Link(await BreakableProxy.before(servers.databaseUrl)),
      redis: new Link(await BreakableProxy.before(servers.redisUrl)),
    };
    const port = await findFreePort();
    const env = {
      ROLE: name.startsWith('api') ? 'api' : 'worker',
      PORT: String(port),
      DATABASE_URL: links.postgres.url,
      REDIS_URL: links.redis.url,
      DATA_DIR: ownDir,
      ADMIN_KEY: secrets.adminKey,
      TOKEN_SECRETS: `${secrets.tokenSecret.keyId}:${secrets.tokenSecret.secret}`,
      MATCH_DEADLINE_MS,
    };
    return { name, port, logFile: join(dataDir, `${name}.log`), env, links, launch };
  }
}
