import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type CommandDescription, CommandOptions, connect, runCommand, UsageError } from './command-line.js';

const DESCRIPTION: CommandDescription = {
  usage: 'npm run thing',
  summary: 'Does a thing.',
  options: { times: { value: 'N', text: 'how often' }, loud: { text: 'say so' } },
};

describe('runCommand', () => {
  let printed = '';
  let complained = '';

  beforeEach(() => {
    printed = complained = '';
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => Boolean((printed += String(text))));
    jest.spyOn(process.stderr, 'write').mockImplementation((text) => Boolean((complained += String(text))));
  });

  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('answers the exit code of what it ran, with the options', async () => {
    const run = async (options: CommandOptions): Promise<number> =>
      options.whole('times', { min: 1, max: 9, fallback: 1 }) + (options.isSet('loud') ? 10 : 0);
    expect(await runCommand(DESCRIPTION, ['--times', '3', '--loud'], run)).toBe(13);
    expect(await runCommand(DESCRIPTION, [], run)).toBe(1);
  });

  it('shows every option in the help, and runs nothing', async () => {
    expect(await runCommand(DESCRIPTION, ['--help'], () => Promise.reject(new Error('ran')))).toBe(0);
    for (const part of ['npm run thing -- [options]', '--times N', '--loud', '--url URL', '--key KEY', '--help']) {
      expect(printed).toContain(part);
    }
  });

  it.each([[['--tmes', '3']], [['stray']], [['--times', 'many']]])('exits with 2 for %j', async (args) => {
    const run = async (options: CommandOptions): Promise<number> =>
      options.whole('times', { min: 1, max: 9, fallback: 1 });
    expect(await runCommand(DESCRIPTION, args, run)).toBe(2);
    expect(complained).toContain('npm run thing -- --help');
  });

  it('exits with 1 and the message of what went wrong', async () => {
    expect(await runCommand(DESCRIPTION, [], () => Promise.reject(new Error('no luck')))).toBe(1);
    expect(complained).toBe('no luck\n');
  });
});

describe('CommandOptions', () => {
  it('takes decimals within their range', () => {
    const decimal = (minutes: string): number =>
      new CommandOptions({ minutes }).decimal('minutes', { min: 0.1, max: 60, fallback: 5 });
    expect([decimal('0.5'), decimal('3'), decimal('60')]).toEqual([0.5, 3, 60]);
    for (const wrong of ['0', '0.05', '61', '-1', '1e1', '.5', 'x', ''])
      expect(() => decimal(wrong)).toThrow(UsageError);
    expect(new CommandOptions({}).decimal('minutes', { min: 0.1, max: 60, fallback: 5 })).toBe(5);
  });

  it('looks whether a file can be written before there is anything to write, and makes nothing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'matchum-file-'));
    const file = (plot: string): Promise<string> => new CommandOptions({ plot }).writableFile('plot', 'unused');
    try {
      const path = join(folder, 'a.svg');
      expect(await file(path)).toBe(path);
      await expect(readFile(path)).rejects.toThrow('ENOENT');
      await writeFile(path, 'old');
      expect(await file(path)).toBe(path);
      expect(await new CommandOptions({}).writableFile('plot', path)).toBe(path);
      await expect(file(folder)).rejects.toThrow(UsageError);
      await expect(file('')).rejects.toThrow(UsageError);
      await expect(file(join(folder, 'none', 'a.svg'))).rejects.toThrow(`there is no folder ${join(folder, 'none')}`);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('connect', () => {
  const none = new CommandOptions({});

  it('takes the option before the environment, and both before the defaults', async () => {
    const env = { MATCHUM_URL: 'http://env:1/', ADMIN_KEY: 'env-key' };
    expect((await connect(none, env)).url).toBe('http://env:1');
    expect((await connect(new CommandOptions({ url: 'http://option:2' }), env)).url).toBe('http://option:2');
    expect((await connect(none, { ADMIN_KEY: 'env-key' })).url).toBe('http://127.0.0.1:3000');
  });

  it('finds the key that a server keeps under its data directory', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'matchum-key-'));
    try {
      await expect(connect(none, { DATA_DIR: folder })).rejects.toThrow(/There is no admin key.*ENOENT/);
      await writeFile(join(folder, 'admin-key'), 'kept-key\n');
      await expect(connect(none, { DATA_DIR: folder })).resolves.toBeDefined();
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('refuses what is no web address', async () => {
    await expect(connect(new CommandOptions({ url: 'localhost:3000', key: 'k' }), {})).rejects.toThrow(UsageError);
  });
});
