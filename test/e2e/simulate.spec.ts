import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { SimulationSummary } from '../../src/commands/simulate/simulation-summary.js';
import { startTestApp, type TestApp } from '../servers/test-app.js';
import { spawnTypescript } from '../servers/typescript-process.js';

jest.setTimeout(180_000);

const COMMAND = new URL('../../src/commands/simulate/simulate.command.ts', import.meta.url);

describe('a simulation', () => {
  let folder: string;
  let app: TestApp;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'matchum-simulate-'));
    app = await startTestApp({ env: { CLOCK: 'simulated', MATCH_DEADLINE_MS: '10000' } });
  });

  afterAll(async () => {
    await app.close();
    await rm(folder, { recursive: true });
  });

  it('lives through a day, breaks nothing, and draws it', async () => {
    const [plot, json] = [join(folder, 'day.svg'), join(folder, 'day.json')];
    const size = ['--days', '1', '--members', '500', '--matches', '300', '--step', '60'];
    const { code, printed } = await run(
      ...size,
      '--plot',
      plot,
      '--json',
      json,
      '--url',
      app.url,
      '--key',
      app.adminKey,
    );
    const summary = JSON.parse(await readFile(json, 'utf8')) as SimulationSummary;
    expect({ code, summary }).toMatchObject({
      code: 0,
      summary: { failedMatches: 0, refusedEvents: 0, capsBroken: 0 },
    });
    expect(summary.matches).toBeGreaterThan(1_000);
    const [counted] = await app.dataSource.query<object[]>(
      `SELECT count(*) FILTER (WHERE type = 'impression')::int AS impressions,
              count(*) FILTER (WHERE type = 'click')::int AS clicks FROM events`,
    );
    expect(counted).toEqual({ impressions: summary.impressions, clicks: summary.clicks });
    for (const { kind, pacing, farthestFromPlan, passShareBefore } of summary.kinds) {
      expect(printed).toContain(kind);
      expect(farthestFromPlan !== null).toBe(pacing === 'even');
      expect(passShareBefore === null || (pacing === 'even' && passShareBefore >= 0 && passShareBefore <= 1)).toBe(
        true,
      );
    }
    expect(await readFile(plot, 'utf8')).toMatch(/^<svg [^]*<polyline[^]*<\/svg>\n$/);
  });

  it.each([
    [['--step', '7'], "--step must divide a day's 1440 minutes"],
    [['--plot', '/no/such/folder/x.svg'], 'there is no folder /no/such/folder'],
    [['--json', '/'], 'it names no file'],
    [['--members', 'many'], '--members must be a whole number'],
  ])('refuses %j before anything starts', async (args, complaint) => {
    const { code, printed, complained } = await run(...args);
    expect({ code, printed, complained }).toEqual({
      code: 2,
      printed: '',
      complained: expect.stringContaining(complaint),
    });
  });

  async function run(...args: string[]): Promise<{ code: number | null; printed: string; complained: string }> {
    const command = spawnTypescript(COMMAND, args, process.env, ['ignore', 'pipe', 'pipe']);
    const [printed, complained, code] = await Promise.all([
      text(command.stdout as NonNullable<typeof command.stdout>),
      text(command.stderr as NonNullable<typeof command.stderr>),
      new Promise<number | null>((resolve) => command.once('close', resolve)),
    ]);
    return { code, printed, complained };
  }
});
