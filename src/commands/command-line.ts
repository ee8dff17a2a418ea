import { access, constants, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { ApiClient } from './api-client.js';
import { BrokenOff } from './breaking-off.js';

/** What all commands have in common: options by name, `--help`, where the server is, and how faults are told. */
export interface CommandDescription {
  /** As it is typed: npm run demo. */
  readonly usage: string;
  readonly summary: string;
  readonly options: Readonly<Record<string, OptionDescription>>;
}

export interface OptionDescription {
  /** What stands for the value in the help, such as FILE; absent: the option is a switch. */
  readonly value?: string;
  readonly text: string;
}

/** A fault that its message explains to the person at the keyboard, who needs no stack. */
export class UsageError extends Error {}

const SERVER_OPTIONS: CommandDescription['options'] = {
  url: { value: 'URL', text: 'where Matchum listens; default: MATCHUM_URL, else http://127.0.0.1:3000' },
  key: { value: 'KEY', text: 'an admin key; default: ADMIN_KEY, else the one kept in DATA_DIR (.data)' },
  help: { text: 'show this text' },
};

export class CommandOptions {
  constructor(private readonly values: Readonly<Record<string, string | boolean | undefined>>) {}

  text(name: string): string | null {
    const value = this.values[name];
    return typeof value === 'string' ? value : null;
  }

  whole(name: string, { min, max, fallback }: { min: number; max: number; fallback: number }): number {
    const value = this.text(name);
    if (value === null) return fallback;
    const whole = /^\d{1,12}$/.test(value) ? Number(value) : NaN;
    if (whole >= min && whole <= max) return whole;
    throw new UsageError(`--${name} must be a whole number from ${min} to ${max}, not '${value}'.`);
  }

  decimal(name: string, { min, max, fallback }: { min: number; max: number; fallback: number }): number {
    const value = this.text(name);
    if (value === null) return fallback;
    const decimal = /^\d{1,12}(\.\d{1,6})?$/.test(value) ? Number(value) : NaN;
    if (decimal >= min && decimal <= max) return decimal;
    throw new UsageError(`--${name} must be a number from ${min} to ${max}, not '${value}'.`);
  }

  /** A file that is to be written at the end, looked at before the work begins; nothing is made yet. */
  async writableFile(name: string, fallback: string): Promise<string> {
    const path = this.text(name) ?? fallback;
    const refuse = (why: string): never => {
      throw new UsageError(`--${name}: '${path}' can't be written: ${why}.`);
    };
    const found = await stat(path).catch(() => null);
    if (path === '' || found?.isDirectory() === true) return refuse('it names no file');
    try {
      await access(found === null ? dirname(path) : path, constants.W_OK);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      refuse(code === 'ENOENT' ? `there is no folder ${dirname(path)}` : `${(error as Error).message}`);
    }
    return path;
  }

  isSet(name: string): boolean {
    return this.values[name] === true;
  }
}

/**
 * Runs a command and answers its exit code: 2 where it was called wrongly, 1 where it failed. One that is broken off ends
 * here.
 */
export async function runCommand(
  description: CommandDescription,
  args: readonly string[],
  run: (options: CommandOptions) => Promise<number>,
): Promise<number> {
  try {
    const options = readOptions(description, args);
    if (!options.isSet('help')) return await run(options);
    process.stdout.write(helpOf(description));
    return 0;
  } catch (error) {
    // What nobody waits for any more may still be under way, and would keep the process.
    if (error instanceof BrokenOff) process.exit(error.exitCode);
    process.stderr.write(`${(error as Error).message}\n`);
    if (!(error instanceof UsageError)) return 1;
    process.stderr.write(`See \`${description.usage} -- --help\`.\n`);
    return 2;
  }
}

export async function connect(
  options: CommandOptions,
  env: Readonly<Record<string, string | undefined>>,
  concurrency?: number,
): Promise<ApiClient> {
  const url = (options.text('url') ?? (env['MATCHUM_URL'] || 'http://127.0.0.1:3000')).replace(/\/+$/, '');
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new UsageError(`'${url}' is not an address such as http://127.0.0.1:3000.`);
  }
  const key = options.text('key') ?? (env['ADMIN_KEY'] || (await keptAdminKey(env['DATA_DIR'] || '.data')));
  return new ApiClient({ url, key, ...(concurrency === undefined ? {} : { concurrency }) });
}

/** `npm start` keeps the key that it made under its data directory. */
async function keptAdminKey(dataDir: string): Promise<string> {
  const path = join(dataDir, 'admin-key');
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(
      `There is no admin key: neither --key nor ADMIN_KEY is given, and ${path} can't be read (${code}). ` +
        '`npm start` makes that file when it runs for the first time; DATA_DIR tells where.',
    );
  }
}

function readOptions({ options }: CommandDescription, args: readonly string[]): CommandOptions {
  const known = Object.entries({ ...options, ...SERVER_OPTIONS });
  const config = known.map(
    ([name, { value }]) => [name, { type: value === undefined ? 'boolean' : 'string' }] as const,
  );
  try {
    const { values } = parseArgs({ args: [...args], options: Object.fromEntries(config), allowPositionals: false });
    return new CommandOptions(values);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function helpOf({ usage, summary, options }: CommandDescription): string {
  const rows = Object.entries({ ...options, ...SERVER_OPTIONS }).map(
    ([name, { value, text }]) => [`--${name}${value === undefined ? '' : ` ${value}`}`, text] as const,
  );
  const width = Math.max(...rows.map(([left]) => left.length));
  const lines = rows.map(([left, text]) => `  ${left.padEnd(width)}  ${text}`);
  return `${usage} -- [options]\n\n${summary}\n\n${lines.join('\n')}\n`;
}
