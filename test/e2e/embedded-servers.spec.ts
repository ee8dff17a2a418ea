import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import pg from 'pg';
import { EmbeddedServers } from '../../src/platform/embedded/embedded-servers.js';
import { identify, isAlive, type ProcessIdentity } from '../../src/platform/embedded/process-identity.js';
import { spawnTypescript } from '../servers/typescript-process.js';

interface Addresses {
  readonly databaseUrl: string | null;
  readonly redisUrl: string | null;
}

describe('embedded servers', () => {
  let dataDir: string;
  let parent: string;
  const children: ChildProcess[] = [];
  const started: EmbeddedServers[] = [];
  const logged: string[] = [];
  const note = (_: object, message: string): void => void logged.push(message);
  const log = { info: note, warn: note, error: note };

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'matchum-embedded-'));
    await chmod(parent, 0o711);
    dataDir = join(parent, 'data');
  });

  afterEach(async () => {
    for (const servers of started.splice(0)) await servers.stop();
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await rm(parent, { recursive: true, force: true, maxRetries: 20 });
    logged.length = 0;
  });

  /** Not forced to disk unless asked for, which is quicker: only a crash of the machine would show the difference. */
  async function start(options: { postgres?: boolean; durable?: boolean } = {}): Promise<EmbeddedServers> {
    const servers = await EmbeddedServers.start({
      dataDir,
      log,
      postgres: true,
      redis: true,
      durable: false,
      ...options,
    });
    started.push(servers);
    return servers;
  }

  /** In a process of its own, which can be killed. */
  async function startElsewhere(
    postgres: 'postgres' | '' = '',
  ): Promise<{ owner: ChildProcess; addresses: Addresses }> {
    const owner = spawnTypescript(new URL('../servers/embedded-owner.ts', import.meta.url), [dataDir, postgres]);
    children.push(owner);
    if (owner.stdout === null) throw new Error('The owner has no output');
    for await (const line of createInterface(owner.stdout)) {
      if (line.startsWith('{')) return { owner, addresses: JSON.parse(line) as Addresses };
    }
    throw new Error('The owner ended before its servers answered');
  }

  /** A process that is none of the product's servers, or none that it knows. */
  function spawnBystander(command: readonly string[], uid?: number): ChildProcess {
    const [file = '', ...args] = command;
    const child = spawn(file, args, { stdio: 'ignore', ...(uid === undefined ? {} : { uid }) });
    children.push(child);
    return child;
  }

  async function recorded(): Promise<Record<'postgres' | 'redis', ProcessIdentity>> {
    return JSON.parse(await readFile(join(dataDir, 'servers.json'), 'utf8')) as Record<
      'postgres' | 'redis',
      ProcessIdentity
    >;
  }

  it('bring all data back after a clean stop, which leaves no process and no claim', async () => {
    const first = await start({ durable: true });
    expect(first.isFresh).toBe(true);
    await write(first, 'kept');
    const { postgres, redis } = await recorded();
    await first.stop();
    expect(await Promise.all([isAlive(postgres), isAlive(redis)])).toEqual([false, false]);
    expect(await readdir(join(dataDir, 'owners'))).toEqual([]);
    const second = await start();
    expect(second.isFresh).toBe(false);
    expect(await read(second)).toEqual(['kept', 'kept']);
  });

  it('keep their passwords from everyone but the owner', async () => {
    const { redisUrl } = await start({ postgres: false });
    const { redis } = await recorded();
    const password = new URL(redisUrl ?? '').password;
    expect(await readFile(`/proc/${redis.pid}/cmdline`, 'utf8').catch(() => '')).not.toContain(password);
    await expect(withRedis((redisUrl ?? '').replace(password, 'wrong'), (client) => client.ping())).rejects.toThrow();
  });

  it('come back at the same address with their data when they are killed', async () => {
    const servers = await start();
    const addresses = { databaseUrl: servers.databaseUrl, redisUrl: servers.redisUrl };
    await write(addresses, 'kept');
    const before = await recorded();
    process.kill(before.postgres.pid, 'SIGKILL');
    process.kill(before.redis.pid, 'SIGKILL');
    await until(async () => {
      const now = await recorded();
      return (
        now.postgres.pid !== before.postgres.pid && now.redis.pid !== before.redis.pid && (await answers(addresses))
      );
    });
    expect(await read(addresses)).toEqual(['kept', 'kept']);
    expect(logged.filter((message) => message.includes('ended on its own'))).toHaveLength(2);
  });

  it('stay down when they are stopped just as one of them was killed', async () => {
    const servers = await start({ postgres: false });
    const { redis } = await recorded();
    process.kill(redis.pid, 'SIGKILL');
    await until(async () => logged.some((message) => message.includes('ended on its own')));
    await servers.stop();
    const port = Number(new URL(servers.redisUrl ?? '').port);
    await expect(withRedis(`redis://127.0.0.1:${port}`, (client) => client.ping())).rejects.toThrow();
    expect(await readFile(join(dataDir, 'servers.json'), 'utf8')).toBe('{}');
  });

  it.each([
    ['its owner was killed', false],
    ['its owner and they themselves were killed', true],
  ])('recover by themselves after %s', async (_, wholeTree) => {
    const { owner, addresses } = await startElsewhere('postgres');
    await write(addresses, 'kept');
    const { postgres, redis } = await recorded();
    for (const pid of [owner.pid, ...(wholeTree ? [postgres.pid, redis.pid] : [])]) process.kill(pid ?? 0, 'SIGKILL');
    await once(owner, 'exit');
    const servers = await start();
    expect(await read(servers)).toEqual(['kept', 'kept']);
    expect(await Promise.all([isAlive(postgres), isAlive(redis)])).toEqual([false, false]);
  });

  it('refuse a second owner and leave the first one’s servers alone', async () => {
    const { owner, addresses } = await startElsewhere();
    await expect(start({ postgres: false })).rejects.toThrow(`in use by another Matchum (process ${owner.pid})`);
    expect(await withRedis(addresses.redisUrl ?? '', (client) => client.ping())).toBe('PONG');
  });

  it('end a server that outlived its owner before a new one touches its files', async () => {
    // As where the kernel does not end servers along with their owner.
    await mkdir(dataDir);
    const socket = join(dataDir, 'socket');
    const orphan = spawnBystander(['redis-server', '--port', '0', '--unixsocket', socket, '--dir', dataDir]);
    const identity = await identify(orphan.pid ?? 0);
    await writeFile(join(dataDir, 'servers.json'), JSON.stringify({ redis: identity }));
    await start({ postgres: false });
    expect(identity !== null && (await isAlive(identity))).toBe(false);
    expect(logged).toContain('Ending a server that the previous run left behind');
  });

  it('spare a process that has got the pid of a server of the previous run', async () => {
    const first = await start();
    await write(first, 'kept');
    await first.stop();
    // Under the cluster's account, since Postgres ignores other accounts' processes.
    const { uid } = await stat(join(dataDir, 'postgres'));
    const stranger = await identify(spawnBystander(['sleep', '600'], uid).pid ?? 0);
    if (stranger === null) throw new Error('The bystander did not start');
    await writeFile(
      join(dataDir, 'servers.json'),
      JSON.stringify({ redis: { pid: stranger.pid, startedAt: 'long-ago' } }),
    );
    // Postgres refuses to start while the pid in its lock file runs, whoever has it now.
    await writeFile(
      join(dataDir, 'postgres', 'postmaster.pid'),
      `${stranger.pid}\n${dataDir}/postgres\n1\n1\n\n127.0.0.1\n`,
    );
    expect(await read(await start())).toEqual(['kept', 'kept']);
    expect(await isAlive(stranger)).toBe(true);
  });

  it('leave nothing running when the start is given up', async () => {
    const giveUp = new AbortController();
    const starting = EmbeddedServers.start({ dataDir, log, postgres: true, redis: true, signal: giveUp.signal });
    await until(async () => (await readdir(dataDir).catch(() => [] as string[])).includes('servers.json'));
    const { redis } = await recorded();
    giveUp.abort();
    await expect(starting).rejects.toThrow();
    expect(await isAlive(redis)).toBe(false);
    expect(await readdir(join(dataDir, 'owners'))).toEqual([]);
  });
});

async function write({ databaseUrl, redisUrl }: Addresses, value: string): Promise<void> {
  await withPostgres(databaseUrl ?? '', async (client) => {
    await client.query('CREATE TABLE note (text text)');
    await client.query('INSERT INTO note VALUES ($1)', [value]);
  });
  await withRedis(redisUrl ?? '', (client) => client.set('note', value));
}

async function read({ databaseUrl, redisUrl }: Addresses): Promise<unknown[]> {
  const rows = await withPostgres(
    databaseUrl ?? '',
    async (client) => (await client.query<{ text: string }>('SELECT text FROM note')).rows,
  );
  return [rows[0]?.text, await withRedis(redisUrl ?? '', (client) => client.get('note'))];
}

async function answers(addresses: Addresses): Promise<boolean> {
  return read(addresses).then(
    () => true,
    () => false,
  );
}

async function withPostgres<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await use(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function withRedis<T>(url: string, use: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await use(client);
  } finally {
    client.disconnect();
  }
}

/** Jest's own limit ends a condition that never comes true. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(25);
}
