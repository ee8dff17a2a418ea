import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const LISTENS = /^Matchum listens at (\S+)$/m;
/** The last of what it printed is told where it fails. */
const TOLD_CHARS = 2_000;

/**
 * A product of the simulation's own, as `npm start` runs it: empty, on embedded servers in a folder that goes with it,
 * its clock simulated.
 */
export class OwnProduct {
  private constructor(
    private readonly folder: string,
    private readonly child: ChildProcess,
    readonly url: string,
    readonly key: string,
  ) {}

  static async start(): Promise<OwnProduct> {
    const folder = await mkdtemp(join(tmpdir(), 'matchum-simulation-'));
    // PostgreSQL's own account must get through when this runs as root.
    await chmod(folder, 0o711);
    const dataDir = join(folder, 'data');
    const { PATH = '' } = process.env;
    const main = fileURLToPath(new URL('../../main.js', import.meta.url));
    const child = spawn(process.execPath, ['--enable-source-maps', main], {
      env: {
        PATH,
        PORT: '0',
        DATA_DIR: dataDir,
        DEMO: 'off',
        CLOCK: 'simulated',
        LOG_LEVEL: 'warn',
        // The machine does the members' part, too: an empty decision would tell nothing.
        MATCH_DEADLINE_MS: '10000',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    try {
      const url = await untilListening(child);
      return new OwnProduct(folder, child, url, (await readFile(join(dataDir, 'admin-key'), 'utf8')).trim());
    } catch (error) {
      await end(child);
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  async stop(): Promise<void> {
    await end(this.child);
    await rm(this.folder, { recursive: true, force: true, maxRetries: 20 });
  }
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

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}
