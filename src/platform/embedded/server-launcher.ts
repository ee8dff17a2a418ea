import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/**
 * What to put before a server's command. Where util-linux has `setpriv` (every Debian and Ubuntu), the kernel is asked to
 * stop the server as soon as this process is gone, even by `kill -9`; elsewhere the next start ends what was left.
 */
export interface ServerLauncher {
  readonly prefix: readonly string[];
  /** The account that the server runs under; absent: this process's own. */
  readonly account?: Account;
}

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

const run = promisify(execFile);

/** For a server that runs under this process's own account. */
export async function ownLauncher(deathSignal: NodeJS.Signals): Promise<ServerLauncher> {
  const prefix = ['setpriv', '--pdeathsig', deathSignal, '--'];
  return (await succeeds({ prefix }, ['true'])) ? { prefix } : { prefix: [] };
}

/** The launchers for another account, from the least powerful: the later ones help where the account is locked out. */
export function accountLaunchers(deathSignal: NodeJS.Signals, account: Account): readonly ServerLauncher[] {
  const ids = ['--reuid', String(account.uid), '--regid', String(account.gid), '--clear-groups'];
  const plain = ['setpriv', '--pdeathsig', deathSignal, ...ids];
  const withCapability = (name: string): string[] => [
    ...plain,
    // Without this bit, access(2) ignores capabilities, and initdb asks by access(2) whether it may run the server.
    '--securebits=+no_setuid_fixup',
    `--inh-caps=+${name}`,
    `--ambient-caps=+${name}`,
  ];
  return [
    { prefix: [...plain, '--'] },
    { prefix: [], account },
    { prefix: [...withCapability('dac_read_search'), '--'] },
    // Containers commonly withhold the capability above and grant this one.
    { prefix: [...withCapability('dac_override'), '--'] },
  ];
}

/** Whether a command run by this launcher ends with success. */
export async function succeeds(launcher: ServerLauncher, command: readonly [string, ...string[]]): Promise<boolean> {
  const [file = command[0], ...args] = [...launcher.prefix, ...command];
  try {
    await run(file, args, { cwd: '/', ...launcher.account });
    return true;
  } catch {
    return false;
  }
}
