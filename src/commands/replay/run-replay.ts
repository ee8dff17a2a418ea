import { randomUUID } from 'node:crypto';
import { type ApiClient, ApiProblem } from '../api-client.js';
import { launchCampaigns } from '../launch-campaigns.js';
import type { OnProgress } from '../progress.js';
import { uploadLines } from '../upload-lines.js';
import type { AuctionLog } from './auction-log.js';
import { LogFacts, segmentOf } from './log-facts.js';
import { planReplay } from './plan-replay.js';
import { checkReports, type Interval, type ReportCheck, settledSnapshot, takeSnapshot } from './report-check.js';
import { ReplayTraffic } from './replay-traffic.js';
import { Tally } from './tally.js';

export interface ReplayOptions {
  readonly seed: number;
  readonly advertisers?: number;
  readonly adGroups?: number;
  readonly onProgress?: OnProgress;
}

export interface ReplayOutcome {
  readonly facts: LogFacts;
  readonly tally: Tally;
  readonly check: ReportCheck;
  readonly run: number;
  readonly isSimulated: boolean;
  /** For the requests alone, without what goes before and after. */
  readonly playedMs: number;
}

const ADVERTISERS = 40;
const AD_GROUPS = 400;
const DAY_MS = 86_400_000;
const REPLAYS_NAME = /^Replay (\d{1,9}): /;

/**
 * A whole replay. The log is read twice: first for its members and verticals, then request by request. What an earlier
 * replay left on the instance is archived first, so that it does not compete.
 */
export async function runReplay(client: ApiClient, log: AuctionLog, options: ReplayOptions): Promise<ReplayOutcome> {
  const { onProgress = () => undefined } = options;
  const facts = await readFacts(log, onProgress);
  if (facts.requests === 0) throw new Error('The log has no bid request.');
  const isSimulated = await takesSimulatedTime(client, facts.firstAt);
  const startsAt = isSimulated ? facts.firstAt : Date.now();
  const then = isSimulated ? client.at(startsAt) : client;
  const run = await retireEarlierReplays(then);
  await uploadMembers(then, facts, onProgress);
  const plan = planReplay({
    seed: options.seed,
    run,
    startsAt: startsAt - DAY_MS,
    advertisers: options.advertisers ?? ADVERTISERS,
    adGroups: options.adGroups ?? AD_GROUPS,
    verticals: facts.verticalsByFrequency(),
    regions: facts.regionsByFrequency(),
    systems: facts.systemsByFrequency(),
  });
  await launchCampaigns(then, plan, { name: `replay-${run}-${randomUUID()}`, onProgress });

  const interval = daysAround(startsAt, isSimulated ? facts.lastAt : startsAt + DAY_MS);
  const before = await takeSnapshot(then, interval);
  const tally = new Tally();
  // A repeated id would get the first replay's answer for as long as its holds live.
  const requestIdSuffix = run === 1 ? '' : `.${run}`;
  const traffic = new ReplayTraffic(client, tally, { seed: options.seed, isSimulated, requestIdSuffix });
  const startedAt = performance.now();
  await client.each(log.requests(), async (request) => {
    await traffic.play(request);
    onProgress('Requests', tally.requests, facts.requests);
  });
  await traffic.finish();
  const playedMs = performance.now() - startedAt;
  const end = isSimulated ? client.at(facts.lastAt + 1000) : client;
  const after = await settledSnapshot(end, interval, traffic.lastEventAt);
  return { facts, tally, check: checkReports(before, after, tally.events), run, isSimulated, playedMs };
}

async function readFacts(log: AuctionLog, onProgress: OnProgress): Promise<LogFacts> {
  const facts = new LogFacts();
  const onLine = ({ malformed, bytesRead }: { malformed: boolean; bytesRead: number }): void => {
    if (malformed) facts.malformedLines++;
    onProgress('Reading (KiB)', Math.ceil(bytesRead / 1024), Math.ceil(log.size / 1024));
  };
  for await (const request of log.requests(onLine)) facts.add(request);
  return facts;
}

/** Only a server that was started with CLOCK=simulated lets requests tell their time. */
async function takesSimulatedTime(client: ApiClient, time: number): Promise<boolean> {
  try {
    await client.at(time).get('/v1/advertisers?limit=1');
    return true;
  } catch (error) {
    if (error instanceof ApiProblem && error.code === 'simulated_time_refused') return false;
    throw error;
  }
}

/** Archives the campaigns of earlier replays; answers the number of this one. */
async function retireEarlierReplays(client: ApiClient): Promise<number> {
  const advertisers = await client.listAll<{ id: string; name: string }>('/v1/advertisers');
  const runs = advertisers.map(({ id, name }) => ({ id, run: Number(REPLAYS_NAME.exec(name)?.[1] ?? 0) }));
  const earlier = runs.filter(({ run }) => run > 0);
  await client.each(earlier, async ({ id }) => {
    const campaigns = await client.listAll<{ id: string }>(`/v1/campaigns?advertiserId=${id}&status=active`);
    for (const campaign of campaigns) await client.post(`/v1/campaigns/${campaign.id}/archive`, { idempotent: true });
  });
  return Math.max(0, ...earlier.map(({ run }) => run)) + 1;
}

async function uploadMembers(client: ApiClient, facts: LogFacts, onProgress: OnProgress): Promise<void> {
  const verticals = facts.verticalsByFrequency();
  const segments = verticals.map((id) => ({ id: segmentOf(id), name: { en: `Vertical ${id}`, ko: `버티컬 ${id}` } }));
  const segmentUpload = { step: 'Segments', total: segments.length, onProgress };
  await uploadLines(client, '/v1/segments/bulk', segments, segmentUpload);
  const memberUpload = { step: 'Members', total: facts.members, onProgress };
  await uploadLines(client, '/v1/profiles/bulk', facts.profiles(), memberUpload);
}

/** From the day before to two days after, so that clocks that differ a little don't matter. */
function daysAround(first: number, last: number): Interval {
  return { from: Math.floor(first / DAY_MS - 1) * DAY_MS, to: Math.ceil(last / DAY_MS + 2) * DAY_MS };
}
