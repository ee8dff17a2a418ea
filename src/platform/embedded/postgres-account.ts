import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { CannotStart } from '../cannot-start.js';
import type { PostgresBinaries } from './postgres-binaries.js';
import { type Account, accountLaunchers, ownLauncher, type ServerLauncher, succeeds } from './server-launcher.js';

/**
 * PostgreSQL refuses to run as root. A product started by root therefore runs it under the account that owns the
 * cluster, or, for a new one, under the system account `postgres`, which is made where it is missing.
 */
const ACCOUNT_NAME = 'postgres';
/** A fast shutdown: clients are cut off, everything is written, no recovery is needed. */
const DEATH_SIGNAL = 'SIGINT';

const run = promisify(execFile);

/** `clusterDir` need not exist yet; its parent must. */
export async function postgresLauncher(binaries: PostgresBinaries, clusterDir: string): Promise<PostgresLauncher> {
  if (process.getuid?.() !== 0) return { ...(await ownLauncher(DEATH_SIGNAL)), owner: null };
  const owner = (await clusterOwner(clusterDir)) ?? (await systemAccount());
  const reach: readonly [string, ...string[]] = [
    '/bin/sh',
    '-c',
    'test -x "$1" && test -x "$2" && test -r "$3"',
    'reach',
    binaries.postgres,
    dirname(clusterDir),
    `${binaries.root}/share/postgresql/postgres.bki`,
  ];
  for (const launcher of accountLaunchers(DEATH_SIGNAL, owner)) {
    if (await succeeds(launcher, reach)) return { ...launcher, owner };
  }
  throw new CannotStart(await lockedOut(owner, [dirname(clusterDir), binaries.postgres]));
}

export interface PostgresLauncher extends ServerLauncher {
  /** Whom the cluster's files must belong to; null: whoever runs this process. */
  readonly owner: Account | null;
}

/** Null for a cluster that does not exist, or that root has copied here and so owns. */
async function clusterOwner(clusterDir: string): Promise<Account | null> {
  const found = await stat(clusterDir).catch(() => null);
  return found === null || found.uid === 0 ? null : { uid: found.uid, gid: found.gid };
}

async function systemAccount(): Promise<Account> {
  const existing = await lookUp();
  if (existing !== null) return existing;
  const args = [
    '--system',
    '--user-group',
    '--no-create-home',
    '--home-dir',
    '/nonexistent',
    '--shell',
    '/usr/sbin/nologin',
  ];
  try {
    await run('useradd', [...args, ACCOUNT_NAME]);
  } catch (cause) {
    // Another start may have been quicker.
    const made = await lookUp();
    if (made !== null) return made;
    throw new CannotStart(
      `PostgreSQL does not run as root, and the system account '${ACCOUNT_NAME}' could not be made for it. ` +
        'Start Matchum as an ordinary user, or set DATABASE_URL to a PostgreSQL of your own.',
      { cause },
    );
  }
  const made = await lookUp();
  if (made === null) throw new CannotStart(`The system account '${ACCOUNT_NAME}' was made but cannot be found.`);
  return made;
}

async function lookUp(): Promise<Account | null> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', ACCOUNT_NAME]), run('id', ['-g', ACCOUNT_NAME])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return null;
  }
}

async function lockedOut(owner: Account, paths: readonly string[]): Promise<string> {
  const closed = (await Promise.all(paths.map((path) => firstClosed(owner, path)))).find((path) => path !== null);
  return (
    `PostgreSQL does not run as root, and the account that it runs under here (uid ${owner.uid}) may not enter ` +
    `${closed ?? paths.join(' or ')}. Start Matchum as an ordinary user, or move it, or set DATA_DIR to a directory ` +
    `that everyone may enter${closed ? `, or open this one: chmod o+x ${closed}` : ''}.`
  );
}

async function firstClosed(owner: Account, path: string): Promise<string | null> {
  const parent = dirname(path);
  const higher = parent === path ? null : await firstClosed(owner, parent);
  if (higher !== null) return higher;
  return (await succeeds({ prefix: [], account: owner }, ['/usr/bin/test', '-x', path])) ? null : path;
}
