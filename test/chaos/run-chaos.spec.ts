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

/**
 * Its faults: a hanging connection, a killed API process, a frozen one, a killed Postgres and Redis, a broken connection. Redis
 * is killed late: since it may lose then what it answered, caps are closed from there on, and must have been full before.
 */
const SEED = 23881;
const SECONDS = 25;

/** Checks that may have nothing to look at in so short a run. */
const MAY_LOOK_AT_NOTHING = [
  // Faults and waiting take the demand away, or leave too much that nobody heard of.
  'Under-delivery is at most 0.1 % of a budget, and one message',
  // Of a tenth of the clicks.
  'Links, clicks: their reports are stored',
  // Few click on what they have not seen, and intake may be closed when they do.
  'Clicks wait for their impression, and only then',
];

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
      members: 50,
      matchesASecond: 20,
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
    const idle = checks.filter(({ looked, name }) => looked === 0 && !MAY_LOOK_AT_NOTHING.includes(name));
    expect(idle).toEqual([]);
    // So that none of them drops out unnoticed.
    const scopes = ['creative', 'ad group', 'campaign', 'advertiser', 'placement'];
    const ofCaps = scopes.flatMap((scope) => [`^Caps, ${scope}: `, `^Audit .*: ${scope.replace(' ', '-')}-caps$`]);
    for (const part of ['^Events ', '^Ledger', '^Links, impressions: ', ...ofCaps]) {
      expect(checks.map(({ name }) => name)).toContainEqual(expect.stringMatching(part));
    }
    expect(checks.map(({ figure = '' }) => figure)).toContainEqual(expect.stringMatching(/^[1-9]\d* were full$/));
    // With the time line beside them, so that a failure tells its story.
    const breaches = checks.flatMap(({ name, breaches: found }) => found.map((text) => `${name}: ${text}`));
    expect({ breaches, told: breaches.length === 0 ? '' : told }).toEqual({ breaches: [], told: '' });
  });
});
