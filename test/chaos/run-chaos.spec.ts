import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { spawnTypescript } from '../servers/typescript-process.js';
import { describeFault, planFaults } from './fault-plan.js';
import { runChaos } from './run-chaos.js';
import { countsOf } from './tell-outcome.js';
import { TimeLine } from './time-line.js';

jest.setTimeout(400_000);

/** Its faults: a hanging connection, a broken one, a killed API process, Redis and Postgres, and a FLUSHALL. */
const SEED = 9;
const SECONDS = 25;

describe('a short run of chaos', () => {
  let dataDir: string;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'matchum-chaos-'));
    await chmod(dataDir, 0o711);
  });

  afterAll(async () => {
    await rm(dataDir, { recursive: true, force: true });
  });

  it('ends without a breach', async () => {
    const timeLine = new TimeLine();
    const { record, checks } = await runChaos({
      seed: SEED,
      seconds: SECONDS,
      members: 100,
      matchesASecond: 15,
      dataDir,
      launch: (env, stdio) => {
        const { PATH = '' } = process.env;
        return spawnTypescript(new URL('../../src/main.ts', import.meta.url), [], { PATH, ...env }, stdio);
      },
      timeLine,
      signal: new AbortController().signal,
      onProgress: () => undefined,
    });
    const told = timeLine.toString();
    for (const fault of planFaults({ seed: SEED, seconds: SECONDS })) expect(told).toContain(describeFault(fault));
    const { filled, accepted } = countsOf(record);
    expect(filled).toBeGreaterThan(50);
    expect(accepted).toBeGreaterThan(50);
    expect(checks.length).toBeGreaterThan(10);
    // With the time line beside them, so that a failure tells its story.
    const breaches = checks.flatMap(({ name, breaches: found }) => found.map((text) => `${name}: ${text}`));
    expect({ breaches, told: breaches.length === 0 ? '' : told }).toEqual({ breaches: [], told: '' });
  });
});
