import { type ChildProcess, execFile } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { spawnTypescript } from './typescript-process.js';
import { until } from './until.js';

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const MOST_LATE = 3;

/**
 * The product as `npm start` runs it, a process of its own. Of the tests' environment it gets the PATH only, so that
 * what a developer has set does not count; it listens on a free port unless told otherwise.
 */
export class ProductProcess {
  readonly child: ChildProcess;
  /** Resolves once it is gone and all that it wrote has been read. */
  readonly ended: Promise<Ending>;
  stdout = '';
  stderr = '';
  wasKilled = false;
  private ending: Ending | null = null;

  constructor(env: Readonly<Record<string, string>>) {
    const { PATH = '' } = process.env;
    const main = new URL('../../src/main.ts', import.meta.url);
    this.child = spawnTypescript(main, [], { PATH, PORT: '0', ...env }, ['ignore', 'pipe', 'pipe']);
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.ended = once(this.child, 'close').then(([code, signal]) => {
      this.ending = { code: code as number | null, signal: signal as NodeJS.Signals | null };
      return this.ending;
    });
  }

  get hasEnded(): boolean {
    return this.ending !== null;
  }

  /** Its address, once it says that it is up. */
  untilUp(): Promise<string> {
    return this.untilPrinted(/^Matchum (?:listens|worker runs; health and metrics) at (\S+)$/m);
  }

  /** What the pattern's group found, or the whole pattern. */
  untilPrinted(pattern: RegExp): Promise<string> {
    return until(`it prints ${pattern}`, async () => {
      const found = pattern.exec(this.stdout);
      if (found !== null) return found[1] ?? found[0];
      if (this.ending === null) return null;
      const { code, signal } = this.ending;
      throw new Error(`It ended (${code ?? signal}) before it printed ${pattern}:\n${this.stdout}${this.stderr}`);
    });
  }

  /**
   * The log's warnings and errors. A server that answered late up to three times is none, since the machines of tests are busy; one
   * that does so again and again is.
   */
  get troubles(): readonly string[] {
    const lines = this.stdout.split('\n').filter((line) => line.startsWith('{'));
    const entries = lines.map((line) => JSON.parse(line) as { level: number; msg: string; reason?: string });
    const warnings = entries.filter(({ level }) => level >= 40);
    const late = warnings.filter(({ msg, reason }) => msg.endsWith('trying on') && /time-?out/.test(reason ?? ''));
    const troubles = late.length <= MOST_LATE ? warnings.filter((warning) => !late.includes(warning)) : warnings;
    return troubles.map(({ msg, reason }) => `${msg} ${reason ?? ''}`);
  }

  send(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** It and the servers of its data directory, at once: what ends in a crash of the machine or by the kernel's hand. */
  async killWith(dataDir: string): Promise<void> {
    this.wasKilled = true;
    this.send('SIGKILL');
    await killAllIn(dataDir);
    await this.ended;
    await killAllIn(dataDir);
  }
}

export async function killAllIn(directory: string): Promise<void> {
  for (const pid of await processesIn(directory)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** Pids of the processes that work in a directory or name it in their command. */
export async function processesIn(directory: string): Promise<number[]> {
  if (process.platform !== 'linux') return processesNaming(directory);
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const [place, command] = await Promise.all([
        readlink(join('/proc', pid, 'cwd')).catch(() => ''),
        readFile(join('/proc', pid, 'cmdline'), 'utf8').catch(() => ''),
      ]);
      return place.startsWith(directory) || command.includes(directory);
    }),
  );
  return pids.filter((_, at) => found[at]).map(Number);
}

async function processesNaming(directory: string): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-axww', '-o', 'pid=,command=']);
  const lines = stdout.split('\n').filter((line) => line.includes(directory));
  return lines.map((line) => Number.parseInt(line, 10)).filter((pid) => pid !== process.pid);
}
