/**
 * What a member's exposure takes: bytes in Redis and the time of a decision on it, by how much is listed; and what counted
 * impressions take in Postgres. `npm run bench:exposure -- --help`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { CountedImpression } from '../../../src/core/capping/exposure.js';
import { defineExposureScripts, exposureKey } from '../../../src/delivery/exposure/exposure-scripts.js';
import {
  holdArguments,
  type HoldRequest,
  writeHoldAdGroup,
  writeHoldCreative,
} from '../../../src/delivery/exposure/hold-request.js';
import { migrateDatabase } from '../../../src/platform/database/migrate.js';
import { EmbeddedServers } from '../../../src/platform/embedded/embedded-servers.js';
import { newUlid } from '../../../src/platform/ids.js';
import { rebuiltOf } from '../../properties/exposure-entries.js';
import { printTable, type Row, short, writeReport } from '../report.js';
import { postgresBytes } from './postgres-bytes.js';

const HELP = `Usage: npm run bench:exposure -- [options]
  --sizes LIST   impressions of a member; default 0,10,50,200,1000
  --calls N      decisions measured at each size; default 2000
  --events N     rows of events in Postgres; default 200000
  --out FILE     where the figures go as JSON; default bench-results/exposure.json
`;

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '0,10,50,200,1000' },
    calls: { type: 'string', default: '2000' },
    events: { type: 'string', default: '200000' },
    out: { type: 'string', default: 'bench-results/exposure.json' },
    help: { type: 'boolean', default: false },
  },
});

const DAY_MS = 86_400_000;
const NOW = Date.parse('2026-11-20T03:00:00Z');
/** Impressions are spread over so many days, and over a creative for every eight of them. */
const DAYS = 30;
const IMPRESSIONS_A_CREATIVE = 8;
const OFFERED = 12;
const EPOCH = '0000000001';
const UNLIMITED = {
  maxPerMemberPerDay: null,
  minGapSeconds: null,
  maxPerAdvertiserPerDay: null,
  minAdvertiserGapSeconds: null,
};

interface Message {
  readonly creative: string;
  readonly adGroup: string;
  readonly campaign: string;
  readonly advertiser: string;
}

function newMessage(): Message {
  return {
    creative: `crv_${newUlid()}`,
    adGroup: `adg_${newUlid()}`,
    campaign: `cmp_${newUlid()}`,
    advertiser: `adv_${newUlid()}`,
  };
}

function history(count: number): CountedImpression[] {
  const messages = Array.from({ length: Math.ceil(count / IMPRESSIONS_A_CREATIVE) }, newMessage);
  return Array.from({ length: count }, (_, i) => ({
    messageId: `${newUlid()}.1`,
    of: { ...(messages[i % messages.length] as Message), placement: 'chat_list' },
    at: NOW - Math.floor(((count - i) / count) * DAYS * DAY_MS),
  }));
}

/** Three messages of twelve offered ones, each with a cap a day and one of its campaign a week. */
function decision(now: number, requestId: string | null): HoldRequest {
  return {
    memberId: '',
    requestId,
    decisionId: newUlid(),
    now,
    expiresAt: now + 600_000,
    frame: 'chat_list 1000000 1 8 15',
    wanted: 3,
    allowsRepeats: false,
    load: UNLIMITED,
    placement: 'chat_list',
    placementCaps: [],
    keepFrom: now - DAYS * DAY_MS,
    isLast: false,
    candidates: Array.from({ length: OFFERED }, newMessage).map(({ creative, adGroup, campaign, advertiser }) => ({
      adGroup: writeHoldAdGroup({
        adGroupId: adGroup,
        campaignId: campaign,
        advertiserId: advertiser,
        caps: [
          { scope: 'adGroup', from: -DAY_MS, limit: 3 },
          { scope: 'campaign', from: -7 * DAY_MS, limit: 10 },
        ],
        categories: [],
      }),
      creatives: [writeHoldCreative(creative, [])],
      ticket: `${adGroup} 5000000000 1 0.8743218765432109`,
    })),
  };
}

const instantAt = (settledUntil: number) => ({ epochId: EPOCH, settledUntil, isQuarantined: false });

async function measure(redis: Redis, count: number, calls: number): Promise<Row> {
  const key = exposureKey(`member-with-${count}`);
  const seen = JSON.stringify(rebuiltOf(history(count), NOW - DAYS * DAY_MS));
  await redis.holdMessages(
    key,
    ...holdArguments(decision(NOW, newUlid()), instantAt(NOW)),
    seen,
    Number.MAX_SAFE_INTEGER,
  );
  const bytes = Number(await redis.memory('USAGE', key, 'SAMPLES', 0));
  const value = await redis.strlen(key);
  // Each decision finds the holds of the one before expired, so that the state stays as large as it is.
  const requests = Array.from({ length: calls }, (_, i) => {
    const now = NOW + 600_000 + i;
    return holdArguments({ ...decision(now, null), expiresAt: now + 1 }, instantAt(now));
  });
  await redis.config('RESETSTAT');
  for (const request of requests) await redis.holdMessages(key, ...request);
  const stats = /cmdstat_evalsha:.*?usec_per_call=([\d.]+)/.exec(await redis.info('commandstats'));
  return {
    impressions: count,
    'bytes in Redis': bytes,
    'bytes of the value': value,
    'µs a decision': short(Number(stats?.[1])),
  };
}

async function main(): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'matchum-bench-'));
  const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const servers = await EmbeddedServers.start({ dataDir, log: quiet, postgres: true, redis: true });
  const redis = new Redis(servers.redisUrl ?? '');
  const client = new pg.Client({ connectionString: servers.databaseUrl ?? '' });
  try {
    defineExposureScripts(redis);
    await measure(redis, 1, Number(values.calls));
    const members: Row[] = [];
    for (const size of values.sizes.split(',')) members.push(await measure(redis, Number(size), Number(values.calls)));
    printTable('A member with three open holds', members);
    await migrateDatabase(servers.databaseUrl ?? '');
    await client.connect();
    const postgres = await postgresBytes(client, Number(values.events));
    printTable(`Postgres, from ${values.events} impressions`, postgres);
    await writeReport(values.out, { members, postgres });
  } finally {
    redis.disconnect();
    await client.end();
    await servers.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

if (values.help) process.stdout.write(HELP);
else await main();
