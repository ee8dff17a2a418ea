import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

/**
 * Tells one process from every other that ever had its pid: pids are handed out again, after a reboot and in a fresh
 * container even the same few. Invariant: `startedAt` holds letters, digits and dashes only, so it may be part of a
 * file's name. A zombie counts as gone: it holds nothing any more, and only its parent can take it away.
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startedAt: string;
}

const run = promisify(execFile);
const POLL_MS = 20;

/** Null when no such process lives. */
export async function identify(pid: number): Promise<ProcessIdentity | null> {
  const startedAt = process.platform === 'linux' ? await startFromProc(pid) : await startFromPs(pid);
  return startedAt === null ? null : { pid, startedAt };
}

export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  return (await identify(identity.pid))?.startedAt === identity.startedAt;
}

export async function untilGone(identity: ProcessIdentity): Promise<void> {
  while (await isAlive(identity)) await delay(POLL_MS);
}

/** The process's command line; empty when it is gone. */
export async function commandOf(pid: number): Promise<string> {
  try {
    if (process.platform === 'linux')
      return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim();
    return (await run('ps', ['-ww', '-o', 'command=', '-p', String(pid)])).stdout.trim();
  } catch {
    return '';
  }
}

/** From /proc, since a small Debian has no `ps`. */
async function startFromProc(pid: number): Promise<string | null> {
  let stat: string;
  try {
    stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
  // The second field is the command's name in brackets and may itself hold brackets and spaces: count from its end.
  const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticksSinceBoot = rest[18];
  if (state === 'Z' || state === 'X' || ticksSinceBoot === undefined) return null;
  const bootId = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => 'boot');
  return `${bootId.trim()}-${ticksSinceBoot}`;
}

async function startFromPs(pid: number): Promise<string | null> {
  try {
    const { stdout } = await run('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      env: { PATH: '/bin:/usr/bin', LC_ALL: 'C' },
    });
    const [state = 'Z', ...started] = stdout.trim().split(/\s+/);
    return state.startsWith('Z') ? null : started.join('-').replaceAll(/[^A-Za-z0-9-]/g, '-');
  } catch {
    return null;
  }
}
