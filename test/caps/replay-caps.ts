/** Replays opportunities against the exposure scripts and a naive count: `npm run replay:caps -- --help`. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { EmbeddedServers } from '../../src/platform/embedded/embedded-servers.js';
import { printTable } from '../bench/report.js';
import { replayCaps } from './cap-replay.js';

const HELP = `Usage: npm run replay:caps -- [options]
  --opportunities N  default 200000
  --clients N        default 8
  --seed TEXT        default caps
`;

const { values } = parseArgs({
  options: {
    opportunities: { type: 'string', default: '200000' },
    clients: { type: 'string', default: '8' },
    seed: { type: 'string', default: 'caps' },
    help: { type: 'boolean', default: false },
  },
});

async function main(): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'matchum-replay-'));
  const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const servers = await EmbeddedServers.start({ dataDir, log: quiet, postgres: false, redis: true });
  try {
    const began = Date.now();
    const { opportunities, clients, seed } = values;
    const result = await replayCaps({
      redisUrl: servers.redisUrl ?? '',
      opportunities: Number(opportunities),
      clients: Number(clients),
      seed,
    });
    printTable(`Caps of every level against a naive count, seed ${seed}, ${clients} clients`, [
      { ...result, seconds: Math.round((Date.now() - began) / 1000) },
    ]);
    if (result.differences > 0 || result.served !== result.expected) process.exitCode = 1;
  } finally {
    await servers.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

if (values.help) process.stdout.write(HELP);
else await main();
