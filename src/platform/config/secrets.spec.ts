import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { CannotStart } from '../cannot-start.js';
import { type Config, isSecret, parseConfig } from './config.js';
import { loadSecrets } from './secrets.js';

describe('secrets that the configuration leaves out', () => {
  let parent: string;
  let config: Config;

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'matchum-secrets-'));
    config = parseConfig({ DATA_DIR: join(parent, 'data') });
  });

  afterEach(() => rm(parent, { recursive: true, force: true }));

  it('are generated once and kept, each another one', async () => {
    const first = await loadSecrets(config);
    expect(await loadSecrets(config)).toEqual(first);
    const [signing] = first.tokenSecrets;
    expect(first.tokenSecrets).toHaveLength(1);
    expect(isSecret(first.adminKey) && isSecret(signing?.secret ?? '')).toBe(true);
    const elsewhere = await loadSecrets({ ...config, dataDir: join(parent, 'other') });
    const all = [first, elsewhere].flatMap(({ adminKey, tokenSecrets }) => [adminKey, tokenSecrets[0]?.secret]);
    expect(new Set(all).size).toBe(4);
    expect((await readFile(join(config.dataDir, 'admin-key'), 'utf8')).trim()).toBe(first.adminKey);
  });

  it('are for the owner only, also where a file was open to others', async () => {
    await mkdir(config.dataDir);
    await writeFile(join(config.dataDir, 'admin-key'), 'mk_admin_of_somebody\n', { mode: 0o644 });
    await chmod(join(config.dataDir, 'admin-key'), 0o644);
    expect((await loadSecrets(config)).adminKey).toBe('mk_admin_of_somebody');
    for (const name of await readdir(config.dataDir)) {
      expect([name, (await stat(join(config.dataDir, name))).mode & 0o777]).toEqual([name, 0o600]);
    }
  });

  it('are the same for all that start at once, and nothing else is left in the directory', async () => {
    for (let round = 0; round < 20; round++) {
      const fresh = { ...config, dataDir: join(parent, String(round)) };
      const loaded = await Promise.all(Array.from({ length: 8 }, () => loadSecrets(fresh)));
      expect(new Set(loaded.map((secrets) => JSON.stringify(secrets))).size).toBe(1);
      expect((await readdir(fresh.dataDir)).sort()).toEqual(['admin-key', 'token-secret']);
    }
  });

  it('are in their file as a whole or not at all, whenever one looks', async () => {
    for (let round = 0; round < 20; round++) {
      const dataDir = join(parent, String(round));
      const seen = new Set<string>();
      const look = (): unknown =>
        existsSync(join(dataDir, 'admin-key')) && seen.add(readFileSync(join(dataDir, 'admin-key'), 'utf8'));
      let loaded = false;
      const loading = loadSecrets({ ...config, dataDir }).finally(() => (loaded = true));
      while (!loaded) {
        look();
        await new Promise((resolve) => setImmediate(resolve));
      }
      look();
      expect([...seen].map((content) => content.trim())).toEqual([(await loading).adminKey]);
    }
  });

  it('are the same for two processes that start at once', async () => {
    const directories = Array.from({ length: 50 }, (_, at) => join(parent, String(at)));
    const processes = [loadingProcess(directories), loadingProcess(directories)];
    try {
      for (const { stdout } of processes) await once(stdout, 'data');
      for (const { stdin } of processes) stdin.end('go');
      const [one, other] = await Promise.all(processes.map(({ stdout }) => text(stdout)));
      expect(JSON.parse(one ?? '')).toHaveLength(directories.length);
      expect(one).toBe(other);
    } finally {
      for (const child of processes) child.kill('SIGKILL');
    }
  });

  it.each(['', 'short', 'two words that are long enough'])(
    'are refused by their file’s name where it holds %j',
    async (content) => {
      await mkdir(config.dataDir);
      const path = join(config.dataDir, 'token-secret');
      await writeFile(path, content);
      const failure: unknown = await loadSecrets(config).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(CannotStart);
      expect((failure as Error).message).toContain(path);
      if (content !== '') expect((failure as Error).message).not.toContain(content);
    },
  );

  it('are not written where the configuration has them', async () => {
    const given = parseConfig({
      DATA_DIR: config.dataDir,
      ADMIN_KEY: 'mk_admin_as_configured',
      TOKEN_SECRETS: 'k2:a-secret-of-ours-1,k1:a-secret-of-ours-2',
    });
    expect(await loadSecrets(given)).toEqual({ adminKey: given.adminKey, tokenSecrets: given.tokenSecrets });
    await expect(stat(config.dataDir)).rejects.toThrow('ENOENT');
  });
});

/** A process that says when it is ready, and when it is told to, loads the secrets of each directory and prints them. */
function loadingProcess(directories: readonly string[]): ChildProcessByStdio<Writable, Readable, null> {
  const url = (name: string): string => new URL(name, import.meta.url).href;
  const script = `
    import { parseConfig } from '${url('./config.ts')}';
    import { loadSecrets } from '${url('./secrets.ts')}';
    process.stdout.write(' ');
    for await (const _ of process.stdin);
    const loaded = [];
    for (const DATA_DIR of ${JSON.stringify(directories)}) loaded.push(await loadSecrets(parseConfig({ DATA_DIR })));
    process.stdout.write(JSON.stringify(loaded));`;
  const registration = process.env['MATCHUM_TEST_TYPESCRIPT_IMPORT'] ?? '';
  return spawn(process.execPath, ['--import', registration, '--input-type=module', '--eval', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}
