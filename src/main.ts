import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { AppModule } from './app.module.js';
import { fillDemo } from './commands/demo/fill-demo.js';
import { type Config, InvalidConfig, parseConfig } from './platform/config/config.js';
import { loadSecrets } from './platform/config/secrets.js';
import { migrateDatabase } from './platform/database/migrate.js';
import { DataDirInUse } from './platform/embedded/data-dir-claim.js';
import { EmbeddedServers } from './platform/embedded/embedded-servers.js';
import { findFreePort } from './platform/embedded/free-port.js';
import { createApp } from './platform/http/create-app.js';
import { setUpOpenApi } from './platform/http/openapi.js';
import { createPino } from './platform/logging/pino-logger.js';
import type { RuntimeConfig } from './platform/platform.module.js';
import { startBanner } from './start-banner.js';

/** Starts the product in the order in which its parts need each other, and stops it in the reverse one. */
class Product {
  private readonly stopping = new AbortController();
  private servers: EmbeddedServers | null = null;
  private app: NestFastifyApplication | null = null;

  constructor(
    private readonly config: Config,
    private readonly pino: Logger,
  ) {}

  async start(): Promise<void> {
    const runtime = await this.resolve();
    await migrateDatabase(runtime.databaseUrl);
    this.stopping.signal.throwIfAborted();
    this.app = await createApp(AppModule.forRoot(runtime), this.pino);
    if (runtime.role !== 'worker') setUpOpenApi(this.app);
    await this.app.listen(runtime.port, runtime.host);
    const isEmbedded = typeof this.servers?.databaseUrl === 'string';
    const hasDemo =
      isEmbedded &&
      runtime.demo &&
      runtime.role !== 'worker' &&
      (await fillDemo(ownUrl(runtime), runtime.secrets.adminKey, runtime.dataDir));
    process.stdout.write(startBanner(runtime, hasDemo));
  }

  /** Requests that have begun are answered, event batches committed, running settlements ended; then the servers stop. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.app?.close();
    await this.servers?.stop();
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
}

/** Where this process reaches itself when it listens on all addresses. */
function ownUrl({ host, port }: Config): string {
  if (host === '0.0.0.0') return `http://127.0.0.1:${port}`;
  return host.includes(':') ? `http://[${host === '::' ? '::1' : host}]:${port}` : `http://${host}:${port}`;
}

async function main(): Promise<void> {
  const config = parseConfig(process.env);
  const pino = createPino(config.logLevel);
  const product = new Product(config, pino);
  let signals = 0;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      signals++;
      // A second signal from somebody who will not wait; embedded servers are ended by the next start.
      if (signals > 1) process.exit(1);
      pino.info({ signal }, 'stopping');
      product.stop().then(
        () => process.exit(0),
        (error: unknown) => {
          pino.error({ err: error }, 'did not stop cleanly');
          process.exit(1);
        },
      );
    });
  }
  try {
    await product.start();
  } catch (error) {
    if (signals === 0) {
      await product.stop();
      throw error;
    }
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${startFailure(error)}\n`);
  process.exit(1);
});

/** What the person who started it can do about it; where nobody foresaw the error, its stack. */
function startFailure(error: unknown): string {
  const { code, message, stack } = error as NodeJS.ErrnoException;
  if (error instanceof InvalidConfig || error instanceof DataDirInUse) return message;
  if (code === 'EADDRINUSE') return `${message}\nSet PORT to a free port, or PORT=0 for any.`;
  return `Matchum did not start: ${stack ?? message}`;
}
