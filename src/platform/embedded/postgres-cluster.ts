import { execFile } from 'node:child_process';
import { chown, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CannotStart } from '../cannot-start.js';
import type { PostgresLauncher } from './postgres-account.js';
import { commandOf, identify, type ProcessIdentity } from './process-identity.js';
import type { ServerCommand } from './supervised-server.js';

/**
 * The files of a PostgreSQL cluster. Invariant: a directory under the cluster's name is a complete cluster, since it is
 * prepared under another name and moved there when done.
 */
export interface ClusterPlan {
  readonly directory: string;
  readonly user: string;
  readonly password: string;
  /** False: not forced to disk; for tests only. */
  readonly durable: boolean;
  readonly launcher: PostgresLauncher;
  /** `initdb` with these arguments, run under the cluster's account. */
  readonly initdb: (args: readonly string[]) => ServerCommand;
}

const run = promisify(execFile);

export function clusterDirectory(dataDir: string): string {
  return join(dataDir, 'postgres');
}

/** Creates the cluster where there is none. */
export async function ensureCluster(plan: ClusterPlan): Promise<void> {
  if (await isCluster(plan.directory)) await takeOver(plan);
  else await createCluster(plan);
}

/** The pid in the cluster's lock file; null without one. It may be long gone, or somebody else's by now. */
export async function lockedBy(clusterDir: string): Promise<number | null> {
  const content = await readFile(join(clusterDir, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number.parseInt(content, 10);
  return Number.isSafeInteger(pid) && pid > 1 ? pid : null;
}

/** A server that runs on this cluster, as its own lock file names it; null when there is none. */
export async function serverOf(clusterDir: string): Promise<ProcessIdentity | null> {
  const pid = await lockedBy(clusterDir);
  if (pid === null) return null;
  const command = await commandOf(pid);
  return command.includes('postgres') && command.includes(` ${clusterDir} `) ? identify(pid) : null;
}

async function isCluster(directory: string): Promise<boolean> {
  try {
    return (await stat(join(directory, 'PG_VERSION'))).isFile();
  } catch (error) {
    // A cluster that may not be looked at must not be taken for a missing one.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return false;
  }
}

async function createCluster({ directory, user, password, durable, launcher, initdb }: ClusterPlan): Promise<void> {
  const workshop = `${directory}.new`;
  const cluster = join(workshop, 'cluster');
  const passwordFile = join(workshop, 'password');
  await rm(workshop, { recursive: true, force: true });
  await mkdir(workshop, { mode: 0o700 });
  await writeFile(passwordFile, password, { mode: 0o600 });
  const { owner } = launcher;
  if (owner !== null) for (const path of [workshop, passwordFile]) await chown(path, owner.uid, owner.gid);
  const { file, args, options } = initdb([
    ...['--pgdata', cluster, '--username', user, '--pwfile', passwordFile],
    // A locale that every machine has, and that sorts the same everywhere and for ever.
    ...['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
    ...['--auth=scram-sha-256', '--no-instructions', ...(durable ? [] : ['--no-sync'])],
  ]);
  try {
    await run(file, args, options);
  } catch (cause) {
    const output = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : '';
    throw new CannotStart(`The embedded PostgreSQL could not be prepared in ${cluster}: ${output}`, { cause });
  }
  await rename(cluster, directory);
  await rm(workshop, { recursive: true, force: true });
}

/** A cluster that root copied here, such as from a backup, is given to the account that it runs under. */
async function takeOver({ directory, launcher: { owner } }: ClusterPlan): Promise<void> {
  if (owner === null || (await stat(directory)).uid === owner.uid) return;
  await run('chown', ['-R', `${owner.uid}:${owner.gid}`, directory]);
}
