import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { claimDataDir, DataDirInUse, type DataDirClaim } from './data-dir-claim.js';
import { identify } from './process-identity.js';

describe('the claim on a data directory', () => {
  let dataDir: string;

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'matchum-claim-'));
  });

  afterEach(async () => {
    await rm(dataDir, { recursive: true, force: true });
  });

  it('goes to exactly one of those that ask at once, and to the next after its release', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 6 }), async (rivals) => {
        const outcomes = await Promise.allSettled(Array.from({ length: rivals }, () => claimDataDir(dataDir)));
        const claims = outcomes.flatMap((outcome): DataDirClaim[] =>
          outcome.status === 'fulfilled' ? [outcome.value] : [],
        );
        const refusals = outcomes.flatMap((outcome): unknown[] =>
          outcome.status === 'rejected' ? [outcome.reason] : [],
        );
        expect(claims).toHaveLength(1);
        expect(refusals.every((refusal) => refusal instanceof DataDirInUse)).toBe(true);
        await claims[0]?.release();
        expect(await readdir(join(dataDir, 'owners'))).toEqual([]);
      }),
      { numRuns: 15 },
    );
  });

  it.each([
    ['a process that is gone', '4194305_long-ago_abc'],
    ['an earlier process with the pid of one that lives', `${process.pid}_long-ago_abc`],
  ])('is not kept back by %s', async (_, dead) => {
    const owners = join(dataDir, 'owners');
    await mkdir(owners);
    await writeFile(join(owners, dead), '');
    await writeFile(join(owners, `${dead}.owner`), '');
    const claim = await claimDataDir(dataDir);
    expect((await readdir(owners)).filter((name) => name.startsWith(dead))).toEqual([]);
    await claim.release();
  });

  it('is refused at once, naming the process, while a living owner has it', async () => {
    const owner = await identify(process.ppid);
    const name = `${owner?.pid}_${owner?.startedAt}_abc`;
    await mkdir(join(dataDir, 'owners'));
    await writeFile(join(dataDir, 'owners', name), '');
    await writeFile(join(dataDir, 'owners', `${name}.owner`), '');
    await expect(claimDataDir(dataDir)).rejects.toThrow(`process ${process.ppid}`);
    expect(await readdir(join(dataDir, 'owners'))).toEqual([name, `${name}.owner`]);
  });
});
