import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { terminate } from '../../platform/embedded/termination.js';

const LISTENS = /^Matchum listens at (\S+)$/m;
/** The last of what it printed is told where it fails. */
const TOLD_CHARS = 2_000;
/** The product itself waits up to 20 s for what has begun; then its servers stop. */
const STOP_STEPS = [{ signal: 'SIGTERM', patienceMs: 60_000 }] as const;

/**
 * A product of the simulation's own, as `npm start` runs it: empty, on embedded servers in a folder that goes with it,
 * its clock simulated. Made in one go, so that no signal comes between what is made and who can stop it. Invariant:
 * after `stop` neither process nor folder is left, however far the start had come, unless the product did not end within a minute
 * and its own servers outlived it.
 */
export class OwnProduct {
  private readonly folder: string;
  private readonly child: ChildProcess;
  private readonly ended: Promise<void>;

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'matchum-simulation-'));
    // PostgreSQL's own account must get through when this runs as root.
    chmodSync(this.folder, 0o711);
    const { PATH = '' } = process.env;
    const main = fileURLToPath(import.meta.resolve('../../main.js'));
    this.child = spawn(process.execPath, [...process.execArgv, main], {
      env: {
        PATH,
        PORT: '0',
        DATA_DIR: this.dataDir,
        DEMO: 'off',
        CLOCK: 'simulated',
        LOG_LEVEL: 'warn',
        // The machine does the members' part, too: an empty decision would tell nothing.
        MATCH_DEADLINE_MS: '10000',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      // Ctrl-C goes to the whole foreground group; when this product stops is decided here.
      detached: true,
    });
    this.ended = once(this.child, 'exit').then(
      () => undefined,
      () => undefined,
    );
    process.once('exit', this.endWithProcess);
  }

  /** Resolves when it answers. */
  async untilUp(): Promise<{ readonly url: string; readonly key: string }> {
    const url = await untilListening(this.child);
    return { url, key: (await readFile(join(this.dataDir, 'admin-key'), 'utf8')).trim() };
  }

  async stop(): Promise<void> {
    await terminate((signal) => this.child.kill(signal), this.ended, STOP_STEPS);
    process.off('exit', this.endWithProcess);
    await rm(this.folder, { recursive: true, force: true, maxRetries: 20 });
  }

  private get dataDir(): string {
    return join(this.folder, 'data');
  }

  /** The last resort, when this process ends without `stop`. */
  private readonly endWithProcess = (): void => void this.child.kill('SIGTERM');
}

async function untilListening(child: ChildProcess): Promise<string> {
  let printed = '';
  return new Promise((resolve, reject) => {
    const take = (text: string): void => {
      printed = (printed + text).slice(-TOLD_CHARS);
      const [, url] = LISTENS.exec(printed) ?? [];
      if (url !== undefined) resolve(url);
    };
    child.stdout?.setEncoding('utf8').on('data', take);
    child.stderr?.setEncoding('utf8').on('data', take);
    child.once('exit', (code) => reject(new Error(`The product ended (${code}) before it listened:\n${printed}`)));
    child.once('error', reject);
  });
}
