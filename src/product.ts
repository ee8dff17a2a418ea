import type { Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { AppModule } from './app.module.js';
import { fillDemo } from './commands/demo/fill-demo.js';
import type { Config } from './platform/config/config.js';
import { loadSecrets } from './platform/config/secrets.js';
import { migrateDatabase } from './platform/database/migrate.js';
import { EmbeddedServers } from './platform/embedded/embedded-servers.js';
import { findFreePort } from './platform/embedded/free-port.js';
import { createApp } from './platform/http/create-app.js';
import { setUpOpenApi } from './platform/http/openapi.js';
import type { RuntimeConfig } from './platform/platform.module.js';
import { startBanner } from './start-banner.js';

/**
 * Starts the product's parts in the order in which they need each other, and stops them in the reverse one. Invariant:
 * after `stop` none of them is left, however far the start had come.
 */
export class Product {
  private readonly stopping = new AbortController();
  private booting: Promise<RuntimeConfig> | null = null;
  private servers: EmbeddedServers | null = null;
  private app: NestFastifyApplication | null = null;
  private stopped: Promise<void> | null = null;

  constructor(
    private readonly config: Config,
    private readonly pino: Logger,
  ) {}

  /** Rejects when it is stopped meanwhile. */
  async start(): Promise<void> {
    this.booting = this.boot();
    const runtime = await this.booting;
    const url = ownUrl(runtime);
    const hasDemo = await this.fillDemo(url, runtime);
    this.stopping.signal.throwIfAborted();
    process.stdout.write(startBanner({ url, config: runtime, hasDemo }));
  }

  /** Requests that have begun are answered, event batches committed, running settlements ended; then the servers stop. */
  stop(): Promise<void> {
    this.stopped ??= this.stopAll();
    return this.stopped;
  }

  private async boot(): Promise<RuntimeConfig> {
    const runtime = await this.resolve();
    await migrateDatabase(runtime.databaseUrl);
    this.stopping.signal.throwIfAborted();
    this.app = await createApp(AppModule.forRoot(runtime), this.pino);
    if (runtime.role !== 'worker') setUpOpenApi(this.app);
    this.stopping.signal.throwIfAborted();
    await this.app.listen(runtime.port, runtime.host);
    return runtime;
  }

  /** Fills in what the configuration left open. */
  private async resolve(): Promise<RuntimeConfig> {
    const { config } = this;
    const secrets = await loadSecrets(config);
    const needed = { postgres: config.databaseUrl === null, redis: config.redisUrl === null };
    if (needed.postgres || needed.redis) {
      const { signal } = this.stopping;
      this.servers = await EmbeddedServers.start({ ...needed, dataDir: config.dataDir, log: this.pino, signal });
    }
    const port = config.port === 0 ? await findFreePort() : config.port;
    return {
      ...config,
      port,
      secrets,
      databaseUrl: config.databaseUrl ?? this.servers?.databaseUrl ?? '',
      redisUrl: config.redisUrl ?? this.servers?.redisUrl ?? '',
      publicUrl: config.publicUrl ?? ownUrl({ ...config, port }),
    };
  }

  private async fillDemo(url: string, { demo, role, dataDir, secrets }: RuntimeConfig): Promise<boolean> {
    const { servers } = this;
    if (servers === null || servers.databaseUrl === null || !demo || role === 'worker') return false;
    try {
      return await fillDemo({ url, adminKey: secrets.adminKey, dataDir, isNew: servers.isFresh });
    } catch (error) {
      // A stop takes the API away from it.
      this.stopping.signal.throwIfAborted();
      this.pino.error(
        { reason: (error as Error).message },
        'the demo could not be filled in; the next start tries again',
      );
      return false;
    }
  }

  private async stopAll(): Promise<void> {
    this.stopping.abort();
    // What the start still makes is to be stopped, too; it ends at its next step. The demo ends with the API.
    await Promise.race([this.booting?.catch(() => undefined), delay(this.config.drainDeadlineMs)]);
    try {
      if (this.app !== null) await this.drain(this.app);
    } finally {
      await this.servers?.stop();
    }
  }

  /** A client that never ends its request must not keep the product from ending. */
  private async drain(app: NestFastifyApplication): Promise<void> {
    const server: Server = app.getHttpServer();
    const cutOff = setTimeout(() => server.closeAllConnections(), this.config.drainDeadlineMs);
    try {
      await app.close();
    } finally {
      clearTimeout(cutOff);
    }
  }
}

/** Where this process reaches itself when it listens on all addresses. */
function ownUrl({ host, port }: Config): string {
  if (host === '0.0.0.0') return `http://127.0.0.1:${port}`;
  return host.includes(':') ? `http://[${host === '::' ? '::1' : host}]:${port}` : `http://${host}:${port}`;
}
