import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ApiClient } from '../../src/commands/api-client.js';
import { AuctionLog } from '../../src/commands/replay/auction-log.js';
import { isGood, type ReplaySummary, summarize } from '../../src/commands/replay/replay-summary.js';
import { runReplay } from '../../src/commands/replay/run-replay.js';
import { SeededRandom } from '../../src/commands/seeded-random.js';
import { findFreePort } from '../../src/platform/embedded/free-port.js';
import { startTestApp, type TestApp } from '../servers/test-app.js';
import { spawnTypescript } from '../servers/typescript-process.js';

jest.setTimeout(120_000);

const REQUESTS = 160;
const MALFORMED = ['not json', '[]', '{"id":"no-timestamp"}'];
const COMMAND = new URL('../../src/commands/replay/replay.command.ts', import.meta.url);
const REAL_LOG = new URL('../../../shared/data/rtb-auctions-2012/first_200.jsonl', import.meta.url).pathname;

/** Requests of 2012, a few seconds apart, of people who come back; some are of nobody known. */
function logLines(): string[] {
  const random = new SeededRandom('log of the test');
  const zones: Record<string, number> = { NY: 300, IL: 360, CA: 480 };
  return Array.from({ length: REQUESTS }, (_, i) => {
    const regionCode = random.pick(['NY', 'IL', 'CA']);
    const verticals = random.sample([3, 18, 47, 122, 211, 438, 529], random.whole(1, 4));
    return JSON.stringify({
      id: `request-${i}`,
      timestamp: 1_326_240_000 + i * 2.5,
      exchange: 'context_web',
      user: random.chance(0.05) ? null : `u${random.zipf(80)}`,
      language: 'en',
      location: { countryCode: 'US', regionCode, timezoneOffsetMinutes: zones[regionCode] },
      segments: {
        adgear: null,
        adxVerticals: verticals.length === 1 ? verticals : verticals.map((id) => [id, 1 / verticals.length]),
      },
      userAgent: 'Mozilla/5.0 (Windows NT 6.1; WOW64; rv:9.0.1) Gecko/20100101 Firefox/9.0.1,gzip(gfe)',
    });
  });
}

describe('replaying an auction log', () => {
  let folder: string;
  let log: string;
  let app: TestApp;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'matchum-replay-'));
    log = join(folder, 'log.jsonl.gz');
    await writeFile(log, gzipSync([...logLines(), ...MALFORMED].join('\n')));
    app = await startTestApp();
  });

  afterAll(async () => {
    await app.close();
    await rm(folder, { recursive: true });
  });

  it('ends well on the system clock: the reports equal the events', async () => {
    const json = join(folder, 'summary.json');
    const { code, printed } = await runCommand('--file', log, '--json', json, '--url', app.url, '--key', app.adminKey);
    const summary = JSON.parse(await readFile(json, 'utf8')) as ReplaySummary;
    expect(summary).toMatchObject({
      clock: 'system',
      requests: REQUESTS,
      malformedLines: MALFORMED.length,
      failed: {},
      events: { duplicate: 0, rejected: {} },
      differences: [],
      reportEqualsEvents: true,
    });
    expect(code).toBe(0);
    expect(printed).toContain('report equals events  yes');
    expect(summary.impressions).toBeGreaterThan(REQUESTS / 2);
    expect(summary.events.accepted).toBe(summary.impressions + summary.clicks);
    const [settled] = await app.dataSource.query<object[]>(
      `SELECT count(*) FILTER (WHERE type = 'impression')::int AS impressions,
              count(*) FILTER (WHERE type = 'click')::int AS clicks FROM events`,
    );
    expect(settled).toEqual({ impressions: summary.impressions, clicks: summary.clicks });
  });

  it('can be run again on the same instance, where only its own events count', async () => {
    const summary = await replay(app, log);
    expect(summary).toMatchObject({ run: 2, requests: REQUESTS, reportEqualsEvents: true, differences: [] });
    expect(isGood(summary)).toBe(true);
  });

  it('lives through the log at its own times on a simulated clock', async () => {
    const simulated = await startTestApp({ env: { CLOCK: 'simulated' } });
    try {
      const summary = await replay(simulated, log);
      expect(summary).toMatchObject({ clock: 'simulated', requests: REQUESTS, failed: {}, differences: [] });
      expect(isGood(summary)).toBe(true);
      const [span] = await simulated.dataSource.query<{ first: Date; last: Date }[]>(
        'SELECT min(decided_at) AS first, max(decided_at) AS last FROM events',
      );
      expect(span?.first.getTime()).toBeGreaterThanOrEqual(1_326_240_000_000);
      expect(span?.last.getTime()).toBeLessThanOrEqual(1_326_240_000_000 + REQUESTS * 2_500);
    } finally {
      await simulated.close();
    }
  });

  it('exits with 2 where there is no log, and with 1 where there is no server', async () => {
    const missing = join(folder, 'missing.jsonl');
    const nowhere = `http://127.0.0.1:${await findFreePort()}`;
    const ends = await Promise.all([
      runCommand('--file', missing, '--url', app.url, '--key', app.adminKey),
      runCommand('--file', log, '--url', nowhere, '--key', app.adminKey),
    ]);
    expect(ends.map(({ code }) => code)).toEqual([2, 1]);
  });

  const onRealLog = existsSync(REAL_LOG) ? it : it.skip;
  if (!existsSync(REAL_LOG)) console.log(`Skipped: the replay of real requests, since there is no ${REAL_LOG}`);

  onRealLog('replays the head of a real log', async () => {
    const summary = await replay(app, REAL_LOG);
    expect(summary).toMatchObject({ requests: 200, malformedLines: 0, failed: {}, differences: [] });
    expect(summary.filled).toBeGreaterThan(50);
  });

  async function replay(on: TestApp, path: string): Promise<ReplaySummary> {
    const client = new ApiClient({ url: on.url, key: on.adminKey });
    const options = { seed: 1, advertisers: 8, adGroups: 60 };
    return summarize(await runReplay(client, await AuctionLog.open(path, Infinity), options));
  }
});

async function runCommand(...args: readonly string[]): Promise<{ code: number | null; printed: string }> {
  const child = spawnTypescript(COMMAND, args);
  let printed = '';
  child.stdout?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, printed };
}
