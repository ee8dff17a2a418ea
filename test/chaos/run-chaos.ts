import { setTimeout as pause } from 'node:timers/promises';
import { unlessBrokenOff } from '../../src/commands/breaking-off.js';
import type { OnProgress } from '../../src/commands/progress.js';
import { SeededRandom } from '../../src/commands/seeded-random.js';
import { DecisionTokens } from '../../src/tracking/decision-token.js';
import { Advertisers } from './advertisers.js';
import { readBoundMoney } from './bound-money.js';
import { untilCalm } from './calm.js';
import { ChatClient } from './chat-client.js';
import { type Fault, planFaults } from './fault-plan.js';
import { Members } from './members.js';
import { ClientRecord } from './record.js';
import { HOLD_SECONDS, setStage, type Stage } from './stage.js';
import type { RedisSync } from './synced-redis.js';
import { type Check } from './verdict/check.js';
import { judge } from './verdict/judge.js';
import { World, type WorldPlan } from './world.js';

export interface ChaosOptions extends Omit<WorldPlan, 'redisSync'> {
  readonly seed: number;
  readonly seconds: number;
  readonly members: number;
  readonly matchesASecond: number;
  readonly onProgress: OnProgress;
}

export interface ChaosOutcome {
  readonly record: ClientRecord;
  readonly checks: readonly Check[];
}

const DEVICES = 16;

/** Load and faults for the given time, then calm, then the verdict. Nothing runs any more when it ends, or is broken off. */
export async function runChaos(options: ChaosOptions): Promise<ChaosOutcome> {
  const world = await World.start({ ...options, redisSync: syncOf(options.seed) });
  try {
    return await unlessBrokenOff(options.signal, () => play(world, options));
  } finally {
    await world.stop();
  }
}

/** Every second seed has a Redis that may lose what it answered when it is killed, as most are set up. */
function syncOf(seed: number): RedisSync {
  return seed % 2 === 1 ? 'everysec' : 'always';
}

async function play(world: World, options: ChaosOptions): Promise<ChaosOutcome> {
  const { timeLine, seconds, members, matchesASecond, onProgress } = options;
  const record = new ClientRecord();
  const stage = await setStage(world, record, { size: { seconds, members, matchesASecond }, onProgress });
  timeLine.begin();
  timeLine.note(`Redis syncs its file by appendfsync ${syncOf(options.seed)}`);
  await disturb(world, record, stage, options);
  const boundMoney = await readBoundMoney(world.servers.databaseUrl, record, HOLD_SECONDS);
  const all = [...world.processes.values()];
  const isCalm = await untilCalm(world.servers.databaseUrl, all, (unsettled) =>
    onProgress('Batches that wait', 0, unsettled),
  );
  timeLine.note(isCalm ? 'calm' : 'no calm comes');
  return { record, checks: await judge(world, record, { isCalm, demand: { ...stage.demand, boundMoney } }) };
}

async function disturb(world: World, record: ClientRecord, stage: Stage, options: ChaosOptions): Promise<void> {
  const { seed, seconds, timeLine, onProgress } = options;
  const startedAt = Date.now();
  const untilMs = startedAt + seconds * 1000;
  const ticking = setInterval(
    () => onProgress('Seconds', Math.min(seconds, Math.round((Date.now() - startedAt) / 1000)), seconds),
    1_000,
  );
  const random = (what: string): SeededRandom => new SeededRandom(`chaos ${seed} ${what}`);
  const access = { apis: world.apis, key: world.secrets.adminKey, record };
  const tokens = new DecisionTokens([world.secrets.tokenSecret]);
  const client = new ChatClient({ ...access, tokens, random: random('client') });
  const crowd = { members: options.members, devices: DEVICES, matchesASecond: options.matchesASecond };
  try {
    await Promise.all([
      new Members(client, record, random('members')).live(crowd, untilMs),
      new Advertisers(stage.edited, { ...access, timeLine, random: random('advertisers') }).work(untilMs),
      carryOut(world, record, planFaults({ seed, seconds }), startedAt),
    ]);
  } finally {
    clearInterval(ticking);
  }
}

/** Each at its time, whatever the ones before still do; resolves when all are over. */
async function carryOut(
  world: World,
  record: ClientRecord,
  faults: readonly Fault[],
  startedAt: number,
): Promise<void> {
  await Promise.all(
    faults.map(async (fault) => {
      await pause(Math.max(0, startedAt + fault.atMs - Date.now()));
      await world.inject(fault, record);
    }),
  );
}
