import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { expect } from '@jest/globals';
import { ApiClient } from '../../src/commands/api-client.js';
import { killAllIn, processesIn, ProductProcess } from '../servers/product-process.js';
import { until } from '../servers/until.js';

/** What tests of starting and stopping share: one data directory, and every process that was started on it. */
export class ProductScene {
  private readonly started: ProductProcess[] = [];

  private constructor(
    private readonly parent: string,
    readonly dataDir: string,
  ) {}

  static async open(): Promise<ProductScene> {
    const parent = await realpath(await mkdtemp(join(tmpdir(), 'matchum-start-')));
    // PostgreSQL's own account must get through when the tests are run by root.
    await chmod(parent, 0o711);
    return new ProductScene(parent, join(parent, 'data'));
  }

  /** Ends whatever a failed test left behind. */
  async close(): Promise<void> {
    for (const product of this.started) product.send('SIGKILL');
    await Promise.all(this.started.map(({ ended }) => ended));
    await until('all processes of the scene are gone', async () => {
      await killAllIn(this.parent);
      return (await processesIn(this.parent)).length === 0;
    });
    await rm(this.parent, { recursive: true, force: true, maxRetries: 20 });
  }

  start(env: Readonly<Record<string, string>> = {}): ProductProcess {
    const product = new ProductProcess({ DATA_DIR: this.dataDir, ...env });
    this.started.push(product);
    return product;
  }

  /** Calls a running product with the key that it generated. */
  async client(url: string): Promise<ApiClient> {
    return new ApiClient({ url, key: await this.adminKey() });
  }

  async adminKey(): Promise<string> {
    return (await readFile(join(this.dataDir, 'admin-key'), 'utf8')).trim();
  }

  /** It ended of itself, without a complaint, and nothing of it is left: no process, no claim on the directory. */
  async expectCleanEnd(product: ProductProcess): Promise<void> {
    const ending = await product.ended;
    const log = ending.code === 0 ? '' : product.stdout + product.stderr;
    expect({ ...ending, log }).toEqual({ code: 0, signal: null, log: '' });
    expect(await processesIn(this.dataDir)).toEqual([]);
    expect(await readdir(join(this.dataDir, 'owners'))).toEqual([]);
    this.expectNoTrouble(product);
  }

  /** It has not complained so far. */
  expectNoTrouble(product: ProductProcess): void {
    const troubles = product.troubles.filter((trouble) => !this.isOfKilled(trouble));
    expect([troubles, product.stderr]).toEqual([[], '']);
  }

  /** A job that a killed process had begun is told to have stalled by whoever takes it over. */
  private isOfKilled(trouble: string): boolean {
    return this.started.some(({ wasKilled }) => wasKilled) && trouble.startsWith('job stalled');
  }
}

export interface Message {
  readonly advertiserId: string;
  readonly position: number;
  readonly token: string;
}

/** What a person's shell answers to a command that the product printed. */
export async function paste(command: string): Promise<{ readonly messages: readonly Message[] }> {
  const run = promisify(execFile);
  const hasCurl = await run('/bin/sh', ['-c', 'command -v curl']).then(
    () => true,
    () => false,
  );
  if (hasCurl) return JSON.parse((await run('/bin/sh', ['-c', command])).stdout) as Awaited<ReturnType<typeof paste>>;
  console.warn('There is no curl on the PATH: the printed command is read and sent by fetch, not pasted into a shell.');
  const [, url = ''] = /^curl -s (\S+) /.exec(command) ?? [];
  const [, body = ''] = / -d '(.*)'$/.exec(command) ?? [];
  const headers = [...command.matchAll(/ -H "([^:]+): ([^"]+)"/g)].map(([, name = '', value = '']) => [name, value]);
  const response = await fetch(url, { method: 'POST', headers: headers as [string, string][], body });
  return (await response.json()) as Awaited<ReturnType<typeof paste>>;
}

export interface OpenUpload {
  /** Sends these members and answers how many of them were taken. */
  finish(members: readonly string[]): Promise<number>;
  /** Breaks off. */
  abandon(): void;
}

/** A request that has begun and is not complete: the server has read its head and waits for members. */
export async function beginUpload(url: string, key: string): Promise<OpenUpload> {
  const upload = request(`${url}/v1/profiles/bulk`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/x-ndjson', expect: '100-continue' },
  });
  const failed = once(upload, 'error').then(([error]) => Promise.reject(error as Error));
  failed.catch(() => undefined);
  upload.flushHeaders();
  await Promise.race([once(upload, 'continue'), failed]);
  return {
    finish: async (members) => {
      const consent = { personalized: true, nightTime: true };
      upload.end(
        members.map((userId) => JSON.stringify({ userId, interests: {}, attributes: {}, consent })).join('\n'),
      );
      const [response] = (await Promise.race([once(upload, 'response'), failed])) as [IncomingMessage];
      return (JSON.parse(await text(response)) as { accepted: number }).accepted;
    },
    abandon: () => upload.destroy(),
  };
}

export async function report(
  client: ApiClient,
  messages: readonly Message[],
  type: 'impression' | 'click',
): Promise<void> {
  const events = messages.map(({ token }) => ({ type, token }));
  const { results } = await client.post<{ results: unknown[] }>('/v1/events', { body: { events } });
  expect(results).toEqual(events.map(() => ({ status: 'accepted' })));
}

export interface Account {
  readonly impressions: number;
  readonly clicks: number;
  readonly spendMicros: number;
}

/** What the reports say of each advertiser, once they have `events` events in all. */
export function untilReported(client: ApiClient, events: number): Promise<ReadonlyMap<string, Account>> {
  const day = 24 * 60 * 60 * 1000;
  const [from, to] = [-1, 1].map((days) => new Date(Math.floor(Date.now() / day + days) * day).toISOString());
  const path = `/v1/reports?from=${from}&to=${to}&timeZone=UTC&granularity=total&dimensions=advertiser`;
  return until(`${events} events are reported`, async () => {
    const { rows } = await client.get<{ rows: readonly (Account & { readonly advertiser: string })[] }>(path);
    const found = rows.reduce((sum, { impressions, clicks }) => sum + impressions + clicks, 0);
    return found === events && new Map(rows.map(({ advertiser, ...account }) => [advertiser, account]));
  });
}
