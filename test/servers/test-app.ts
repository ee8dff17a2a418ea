import { createServer } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DataSource } from 'typeorm';
import { AppModule } from '../../src/app.module.js';
import { parseConfig } from '../../src/platform/config/config.js';
import { createApp } from '../../src/platform/http/create-app.js';
import { setUpOpenApi } from '../../src/platform/http/openapi.js';
import { createPino } from '../../src/platform/logging/pino-logger.js';
import type { RuntimeConfig } from '../../src/platform/platform.module.js';
import { createTestDatabase } from './test-database.js';
import { createTestRedis } from './test-redis.js';

export interface TestResponse {
  readonly status: number;
  // Tests read answers of many shapes; each asserts what it expects of them.
  readonly body: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- an answer's shape is what the test checks
  readonly text: string;
  readonly headers: Headers;
}

export interface RequestOptions {
  /** Bearer key; the admin key unless told; null sends none. */
  readonly key?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface TestApp {
  readonly url: string;
  readonly adminKey: string;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly dataSource: DataSource;
  readonly app: NestFastifyApplication;
  /** A string or Buffer body is sent as it is (set the content type), anything else as JSON. */
  request(method: string, path: string, body?: unknown, options?: RequestOptions): Promise<TestResponse>;
  close(): Promise<void>;
}

const ADMIN_KEY = 'mk_admin_of_the_test_servers';

export interface TestAppOptions {
  /** Environment variables over the test defaults, such as CLOCK or ROLE. */
  readonly env?: Readonly<Record<string, string>>;
  /** Another app to share the servers with: a fleet of two. */
  readonly sharing?: TestApp;
  /** Addresses other than the test servers' own, to cut a server off. */
  readonly databaseUrl?: string;
  readonly redisUrl?: string;
  /** Takes the log's lines; LOG_LEVEL says which. */
  readonly logTo?: { write(line: string): void };
}

/** A whole product in this process: on a database cloned for it and a Redis of its own, or on those of another one. */
export async function startTestApp(options: TestAppOptions = {}): Promise<TestApp> {
  const cleanups: (() => Promise<void>)[] = [];
  const databaseUrl = options.databaseUrl ?? options.sharing?.databaseUrl ?? (await ownDatabase(cleanups));
  const redisUrl = options.redisUrl ?? options.sharing?.redisUrl ?? (await ownRedis(cleanups));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const config = parseConfig({
    ADMIN_KEY,
    LOG_LEVEL: 'silent',
    PORT: String(port),
    DATABASE_POOL_SIZE: '8',
    // A busy machine must not make a decision empty; tests of the deadline set the product's own.
    MATCH_DEADLINE_MS: '2000',
    ...options.env,
  });
  const runtime: RuntimeConfig = {
    ...config,
    databaseUrl,
    redisUrl,
    publicUrl: config.publicUrl ?? url,
    secrets: {
      adminKey: ADMIN_KEY,
      tokenSecrets: config.tokenSecrets ?? [{ keyId: 't1', secret: 'a-secret-of-the-tests' }],
    },
  };
  const app = await createApp(AppModule.forRoot(runtime), createPino(config.logLevel, options.logTo));
  const close = async (): Promise<void> => {
    await app.close();
    for (const cleanup of cleanups) await cleanup();
  };
  try {
    setUpOpenApi(app);
    await app.listen(port, '127.0.0.1');
  } catch (error) {
    // What has begun (polls, connections) would keep the test run from ending.
    await close();
    throw error;
  }
  return {
    url,
    adminKey: ADMIN_KEY,
    databaseUrl,
    redisUrl,
    app,
    dataSource: app.get(DataSource),
    request: (method, path, body, requestOptions) => send(url, method, path, body, requestOptions),
    close,
  };
}

async function ownDatabase(cleanups: (() => Promise<void>)[]): Promise<string> {
  const database = await createTestDatabase();
  cleanups.push(() => database.drop());
  return database.url;
}

async function ownRedis(cleanups: (() => Promise<void>)[]): Promise<string> {
  const redis = await createTestRedis();
  cleanups.push(() => redis.release());
  return redis.url;
}

async function send(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  { key = ADMIN_KEY, headers = {} }: RequestOptions = {},
): Promise<TestResponse> {
  const raw = typeof body === 'string' || body instanceof Uint8Array;
  const response = await fetch(url + path, {
    method,
    redirect: 'manual',
    headers: {
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined || raw ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: raw ? (body as string | Uint8Array<ArrayBuffer>) : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson =
    response.headers.get('content-type')?.includes('json') === true &&
    !response.headers.get('content-type')?.includes('ndjson');
  return {
    status: response.status,
    text,
    body: isJson && text !== '' ? (JSON.parse(text) as unknown) : null,
    headers: response.headers,
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('No port was given');
  return address.port;
}

/** Waits until `condition` answers something other than false or null; fails with its last answer after `timeoutMs`. */
export async function eventually<T>(condition: () => Promise<T | false | null>, timeoutMs = 10_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const result = await condition();
    if (result !== false && result !== null) return result;
    if (Date.now() > deadline) throw new Error(`The condition did not hold within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
