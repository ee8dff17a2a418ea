import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commandOf, identify, isAlive, type ProcessIdentity, untilGone } from './process-identity.js';
import type { ServerLog } from './server-log.js';
import { terminate } from './termination.js';

/** A server that outlived its owner. */
export interface Leftover {
  readonly server: string;
  readonly identity: ProcessIdentity;
}

/**
 * Which server processes this data directory has, kept in `<dataDir>/servers.json` so that the next start can end those
 * that outlived a `kill -9` of their owner. Invariant: only the directory's owner reads or writes it, and a process is
 * ended only if pid and start time are those recorded and it is a database server still.
 */
export class ServerRecords {
  private readonly path: string;
  private readonly servers = new Map<string, ProcessIdentity>();
  private writing: Promise<void> = Promise.resolve();

  constructor(dataDir: string) {
    this.path = join(dataDir, 'servers.json');
  }

  async put(name: string, pid: number): Promise<void> {
    const identity = await identify(pid);
    if (identity === null) return;
    this.servers.set(name, identity);
    await this.write();
  }

  async remove(name: string): Promise<void> {
    this.servers.delete(name);
    await this.write();
  }

  /** Those that the previous owner left behind and that still run. */
  async leftovers(): Promise<Leftover[]> {
    const recorded = await this.read();
    const alive = await Promise.all(
      recorded.map(
        async ({ identity }) => (await isAlive(identity)) && SERVER_COMMAND.test(await commandOf(identity.pid)),
      ),
    );
    return recorded.filter((_, at) => alive[at]);
  }

  private async read(): Promise<Leftover[]> {
    let content: unknown;
    try {
      content = JSON.parse(await readFile(this.path, 'utf8'));
    } catch {
      // Absent at the first start; a file that was damaged with the machine says nothing about processes that run now.
      return [];
    }
    if (content === null || typeof content !== 'object') return [];
    return Object.entries(content).flatMap(([server, identity]) =>
      isIdentity(identity) ? [{ server, identity }] : [],
    );
  }

  /** One after the other: two servers may report at once. */
  private async write(): Promise<void> {
    const write = async (): Promise<void> => {
      await writeFile(`${this.path}.new`, JSON.stringify(Object.fromEntries(this.servers), null, 2), { mode: 0o600 });
      await rename(`${this.path}.new`, this.path);
    };
    this.writing = this.writing.then(write, write);
    await this.writing;
  }
}

const SERVER_COMMAND = /postgres|redis|valkey/;

/**
 * Long enough for a checkpoint, which is worth waiting for: recovery would take longer. A Redis that already shuts down
 * takes SIGINT for impatience and ends unsaved, so it gets SIGTERM, by which Postgres would wait for its clients.
 */
const LEFTOVER_PATIENCE_MS = 20_000;

export async function endLeftovers(leftovers: readonly Leftover[], log: ServerLog): Promise<void> {
  await Promise.all(
    leftovers.map(async ({ server, identity }) => {
      log.warn({ server, pid: identity.pid }, 'Ending a server that the previous run left behind');
      const signal = server === 'postgres' ? 'SIGINT' : 'SIGTERM';
      await terminate((sent) => send(identity.pid, sent), untilGone(identity), [
        { signal, patienceMs: LEFTOVER_PATIENCE_MS },
      ]);
    }),
  );
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // Gone in between is what was wanted; anything else would leave two servers on the same files.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function isIdentity(value: unknown): value is ProcessIdentity {
  return (
    value !== null &&
    typeof value === 'object' &&
    'pid' in value &&
    'startedAt' in value &&
    Number.isSafeInteger(value.pid) &&
    Number(value.pid) > 1 &&
    typeof value.startedAt === 'string'
  );
}
