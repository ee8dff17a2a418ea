import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CannotStart } from '../cannot-start.js';
import { identify, isAlive, type ProcessIdentity } from './process-identity.js';

/**
 * Decides which process owns a data directory and so may run, and stop, its servers. A claim is an empty file in
 * `<dataDir>/owners` named after its process. Invariant: a process owns the directory only if it listed the claims
 * after making its own and saw no other living one; so of two that start at once never both own it. Claims of dead
 * processes mean nothing and are swept away: a `kill -9` needs no clean-up by hand.
 * Limit: processes that cannot see each other (containers that share a volume) are not told apart.
 */
export interface DataDirClaim {
  release(): Promise<void>;
}

export class DataDirInUse extends CannotStart {
  constructor(dataDir: string, owner: number) {
    super(
      `The data directory ${dataDir} is in use by another Matchum (process ${owner}). ` +
        'Stop that one, or start this one with another DATA_DIR, or give it DATABASE_URL and REDIS_URL.',
    );
    this.name = 'DataDirInUse';
  }
}

interface FoundClaim {
  readonly name: string;
  readonly process: ProcessIdentity;
}

const CLAIM_FORM = /^(\d+)_([A-Za-z0-9-]+)_[0-9a-f]+$/;
/** Stands beside a claim that has won: who sees it need not wait for that start to end. */
const OWNER_MARK = '.owner';
/** Starts that meet give way and try again after a random pause; that many meetings in a row don't happen by chance. */
const MOST_MEETINGS = 20;

export async function claimDataDir(dataDir: string): Promise<DataDirClaim> {
  const directory = join(dataDir, 'owners');
  await mkdir(directory, { recursive: true });
  for (let meeting = 1; ; meeting += 1) {
    const claim = await makeClaim(directory);
    const rival = await findRival(directory, claim);
    if (rival === null) {
      await writeFile(join(directory, claim + OWNER_MARK), '');
      return { release: () => removeClaim(directory, claim) };
    }
    await removeClaim(directory, claim);
    if (rival.owns || meeting === MOST_MEETINGS) throw new DataDirInUse(dataDir, rival.pid);
    await delay(20 + (randomBytes(1)[0] ?? 0));
  }
}

async function makeClaim(directory: string): Promise<string> {
  const self = await identify(process.pid);
  if (self === null) throw new CannotStart('This process cannot be found in the list of processes; is /proc mounted?');
  const claim = `${self.pid}_${self.startedAt}_${randomBytes(6).toString('hex')}`;
  await writeFile(join(directory, claim), '', { flag: 'wx', mode: 0o600 });
  return claim;
}

async function findRival(directory: string, own: string): Promise<{ pid: number; owns: boolean } | null> {
  const names = await readdir(directory);
  for (const { name, process } of parseClaims(names)) {
    if (name === own) continue;
    if (await isAlive(process)) return { pid: process.pid, owns: names.includes(name + OWNER_MARK) };
    await removeClaim(directory, name);
  }
  return null;
}

function parseClaims(names: readonly string[]): FoundClaim[] {
  return names.flatMap((name) => {
    const [, pid, startedAt] = CLAIM_FORM.exec(name) ?? [];
    return pid === undefined || startedAt === undefined ? [] : [{ name, process: { pid: Number(pid), startedAt } }];
  });
}

async function removeClaim(directory: string, claim: string): Promise<void> {
  // The mark goes first: a start that meets what is left then tries again instead of giving up.
  await rm(join(directory, claim + OWNER_MARK), { force: true });
  await rm(join(directory, claim), { force: true });
}
