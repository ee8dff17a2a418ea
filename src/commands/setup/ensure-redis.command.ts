import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { findRedisBinary } from '../../platform/embedded/redis-binary.js';

/**
 * The last step of `npm run setup`: sees that `npm start` and `npm test` will find a Redis. It installs one only by the
 * system's own package manager, and only where it may do so without asking; otherwise it names the command that does.
 */
interface Installer {
  /** What a person would type. */
  readonly manual: string;
  readonly steps: readonly InstallStep[];
}

interface InstallStep {
  readonly command: readonly [string, ...string[]];
  /** An out-of-date list of packages often still serves, so that step may fail. */
  readonly optional?: boolean;
}

const ANY_SYSTEM =
  "Install Redis 6.2 or later (or Valkey) with your system's package manager, so that redis-server or valkey-server is on the PATH, " +
  'or set REDIS_URL to a Redis of your own; then run `npm run setup` again.';

async function ensureRedis(): Promise<number> {
  if (process.env['REDIS_URL']) {
    say('REDIS_URL is set: that Redis will be used.');
    return 0;
  }
  const present = await findRedisBinary();
  if (present !== null) {
    say(`${present} is there: Matchum will run a private one of its own.`);
    return 0;
  }
  const installer = findInstaller();
  if (installer === null) return refuse(ANY_SYSTEM);
  if (installer.steps.length === 0) {
    return refuse(
      `No Redis was found, and this account may not install one. Run this, then \`npm run setup\` again:\n\n  ${installer.manual}\n`,
    );
  }
  say(`No Redis was found on the PATH; installing one with: ${installer.manual}`);
  for (const { command, optional } of installer.steps) {
    if (!runVisibly(command) && optional !== true) {
      return refuse(
        `That failed; see above. Once it is mended, run this, then \`npm run setup\` again:\n\n  ${installer.manual}\n`,
      );
    }
  }
  const installed = await findRedisBinary();
  if (installed === null)
    return refuse(`The installation ended well, but redis-server is not on the PATH. ${ANY_SYSTEM}`);
  leaveServiceOff();
  say(`${installed} is installed.`);
  return 0;
}

/** Null on a system whose package manager is not known here; without steps where this account may not use it. */
function findInstaller(): Installer | null {
  if (process.platform === 'darwin' && isOnPath('brew')) {
    return { manual: 'brew install redis', steps: [{ command: ['brew', 'install', 'redis'] }] };
  }
  if (!isOnPath('apt-get')) return null;
  const sudo = isRoot() ? '' : 'sudo ';
  const manual = `${sudo}apt-get update && ${sudo}apt-get install -y --no-install-recommends redis-server`;
  const asRoot = rootPrefix();
  if (asRoot === null) return { manual, steps: [] };
  // Runlevel 1 keeps the package from starting a service where init scripts are used; the lock may be held by the
  // unattended upgrades of a machine that has just booted.
  const aptGet = [
    ...asRoot,
    'env',
    'DEBIAN_FRONTEND=noninteractive',
    'RUNLEVEL=1',
    'apt-get',
    '-o',
    'DPkg::Lock::Timeout=120',
  ];
  return {
    manual,
    steps: [
      { command: step(...aptGet, 'update'), optional: true },
      { command: step(...aptGet, 'install', '-y', '--no-install-recommends', 'redis-server') },
    ],
  };
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** Null when neither root nor able to become root without a password. */
function rootPrefix(): readonly string[] | null {
  if (isRoot()) return [];
  return isOnPath('sudo') && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0
    ? ['sudo', '-n']
    : null;
}

/** Under systemd the package has started a service on the standard port, which Matchum has no use for. */
function leaveServiceOff(): void {
  const asRoot = rootPrefix();
  if (asRoot === null || !existsSync('/run/systemd/system')) return;
  say('Turning off the system-wide Redis service that the package started; Matchum runs its own.');
  runVisibly(step(...asRoot, 'systemctl', 'disable', '--now', 'redis-server'));
}

function isOnPath(name: string): boolean {
  try {
    execFileSync('/bin/sh', ['-c', `command -v ${name}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function step(command = '', ...args: readonly string[]): readonly [string, ...string[]] {
  return [command, ...args];
}

function runVisibly([command, ...args]: readonly [string, ...string[]]): boolean {
  console.log(`> ${[command, ...args].join(' ')}`);
  return spawnSync(command, args, { stdio: 'inherit' }).status === 0;
}

function say(message: string): void {
  console.log(`[setup] ${message}`);
}

function refuse(message: string): number {
  console.error(`[setup] ${message}`);
  return 1;
}

process.exitCode = await ensureRedis();
