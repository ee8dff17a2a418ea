import type { ChildProcess } from 'node:child_process';
import { chmod, mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { killAllIn, processesIn } from '../servers/product-process.js';
import { spawnTypescript } from '../servers/typescript-process.js';
import { until } from '../servers/until.js';

jest.setTimeout(180_000);

const COMMAND = new URL('../../src/commands/simulate/simulate.command.ts', import.meta.url);

describe('a simulation on a product of its own that is broken off', () => {
  let folder: string;
  let command: ChildProcess;
  let ended: Promise<unknown[]>;
  let told: string;

  beforeEach(async () => {
    // The command's temporary files go here, so that all of them are seen.
    folder = await realpath(await mkdtemp(join(tmpdir(), 'matchum-broken-off-')));
    await chmod(folder, 0o711);
    const size = ['--days', '1', '--members', '50', '--plot', join(folder, 'day.svg')];
    command = spawnTypescript(COMMAND, size, { ...process.env, TMPDIR: folder }, ['ignore', 'pipe', 'pipe']);
    ended = once(command, 'close');
    told = '';
    for (const output of [command.stdout, command.stderr]) {
      output?.setEncoding('utf8').on('data', (text: string) => (told += text));
    }
  });

  afterEach(async () => {
    command.kill('SIGKILL');
    await ended;
    await killAllIn(folder);
    await rm(folder, { recursive: true, force: true, maxRetries: 20 });
  });

  async function expectNothingLeft(...codes: readonly number[]): Promise<void> {
    const [code, signal] = (await ended) as [number, null];
    expect({ code, signal, told }).toEqual({
      code: expect.any(Number),
      signal: null,
      told: expect.not.stringContaining('rror'),
    });
    expect(codes).toContain(code);
    expect(await processesIn(folder)).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  }

  async function untilThere(path: (data: string) => string): Promise<void> {
    await until('the product has come so far', async () => {
      const [own] = (await readdir(folder)).filter((name) => name.startsWith('matchum-simulation-'));
      if (own === undefined) return false;
      return readdir(path(join(folder, own))).then(
        () => true,
        () => false,
      );
    });
  }

  it('leaves nothing when the product has just been started', async () => {
    await untilThere((own) => own);
    command.kill('SIGINT');
    await expectNothingLeft(130);
  });

  it('leaves nothing when the product starts its database', async () => {
    await untilThere((own) => join(own, 'data', 'postgres'));
    command.kill('SIGINT');
    await expectNothingLeft(130);
  });

  it('leaves nothing when days are lived through, at a signal that comes twice', async () => {
    await until('days begin', async () => told.includes('Steps'));
    command.kill('SIGINT');
    command.kill('SIGTERM');
    // Either may be delivered first.
    await expectNothingLeft(130, 143);
  });
});
