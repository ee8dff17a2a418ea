import { setTimeout as pause } from 'node:timers/promises';
import { type ApiClient, ApiProblem } from './api-client.js';
import type { AdvertiserPlan, CampaignPlan, ServingPlan } from './campaign-plan.js';
import type { OnProgress } from './progress.js';

/**
 * Puts planned campaigns on the air: advertisers with credit, campaigns, approved creatives, activation. Each step can be
 * done again: with the same `name` and the same plan, a second launch takes up where the first one was cut off.
 */
export interface Launch {
  /** Unique to what is launched; it stands before each Idempotency-Key. */
  readonly name: string;
  readonly onProgress: OnProgress;
}

export interface Launched {
  /** In the order of the plan, as are the campaigns. */
  readonly advertiserIds: readonly string[];
  readonly campaignIds: readonly string[];
  /** Ad group id → id of its advertiser. */
  readonly adGroups: ReadonlyMap<string, string>;
  readonly creatives: number;
}

interface Entity {
  readonly id: string;
  readonly status?: string;
}

interface LineResult {
  readonly line: number;
  readonly status: 'created' | 'rejected';
  readonly id?: string;
  readonly code?: string;
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
}

/** What one bulk request carries: its answer is read as a whole. */
const CAMPAIGNS_A_REQUEST = 25;
const PROBE_EVERY_MS = 100;
const LONGEST_WAIT_MS = 60_000;

export async function launchCampaigns(client: ApiClient, plan: ServingPlan, launch: Launch): Promise<Launched> {
  const advertiserIds = await createAdvertisers(client, plan.advertisers, launch);
  const campaignIds = await createCampaigns(client, plan.campaigns, advertiserIds, launch);
  const adGroups = new Map<string, string>();
  let creatives = 0;
  let done = 0;
  /** Answers the ids of the campaign's ad groups. */
  const activate = async (campaign: number): Promise<readonly string[]> => {
    const id = campaignIds[campaign] ?? '';
    const entities = await client.listAll<Entity>(`/v1/campaigns/${id}/ad-groups`);
    const advertiserId = advertiserIds[plan.campaigns[campaign]?.advertiser ?? -1] ?? '';
    for (const adGroup of entities) adGroups.set(adGroup.id, advertiserId);
    for (const adGroup of entities) {
      const approved = await approveCreatives(client, adGroup.id);
      creatives += approved;
    }
    await activateCampaign(client, id);
    launch.onProgress('Activating', ++done, campaignIds.length);
    return entities.map((adGroup) => adGroup.id);
  };
  const last = campaignIds.length - 1;
  await client.each(campaignIds.slice(0, last).keys(), activate);
  // Servers take up changes in the order in which they were made: where the last one serves, all do.
  const [probe] = await activate(last);
  if (probe !== undefined) await untilServing(client, probe);
  return { advertiserIds, campaignIds, adGroups, creatives };
}

async function createAdvertisers(
  client: ApiClient,
  plans: readonly AdvertiserPlan[],
  { name, onProgress }: Launch,
): Promise<readonly string[]> {
  const ids: string[] = [];
  let done = 0;
  await client.each(plans.entries(), async ([i, { creditMicros, ...body }]) => {
    const { id } = await client.post<Entity>('/v1/advertisers', { body, idempotencyKey: `${name}-advertiser-${i}` });
    const credit = { amountMicros: creditMicros, reference: `${name}-credit` };
    await client.post(`/v1/advertisers/${id}/credits`, { body: credit, idempotent: true });
    ids[i] = id;
    onProgress('Advertisers', ++done, plans.length);
  });
  return ids;
}

async function createCampaigns(
  client: ApiClient,
  plans: readonly CampaignPlan[],
  advertiserIds: readonly string[],
  { name, onProgress }: Launch,
): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let start = 0; start < plans.length; start += CAMPAIGNS_A_REQUEST) {
    const lines = plans
      .slice(start, start + CAMPAIGNS_A_REQUEST)
      .map(({ advertiser, ...campaign }) => ({ advertiserId: advertiserIds[advertiser], ...campaign }));
    const idempotencyKey = `${name}-campaigns-${start}`;
    const results = await client.post<readonly LineResult[]>('/v1/campaigns/bulk', { lines, idempotencyKey });
    for (const result of results) {
      if (result.id === undefined) throw refused(plans[start + result.line - 1], result);
      ids[start + result.line - 1] = result.id;
    }
    onProgress('Campaigns', ids.length, plans.length);
  }
  return ids;
}

function refused(plan: CampaignPlan | undefined, { code, errors = [] }: LineResult): Error {
  const faults = errors.map(({ path, message }) => `${path} ${message}`).join('; ');
  return new Error(`The campaign '${plan?.name}' was rejected as ${code}: ${faults}`);
}

async function approveCreatives(client: ApiClient, adGroupId: string): Promise<number> {
  const creatives = await client.listAll<Entity>(`/v1/ad-groups/${adGroupId}/creatives`);
  for (const { id, status } of creatives) {
    if (status === 'pending') await client.post(`/v1/creatives/${id}/approve`, { idempotent: true });
  }
  return creatives.length;
}

async function activateCampaign(client: ApiClient, id: string): Promise<void> {
  const { status } = await client.get<Entity>(`/v1/campaigns/${id}`);
  if (status === 'draft') await client.post(`/v1/campaigns/${id}/activate`);
}

/** Asks a server that answers matches whether it has taken up the ad group: it reads Postgres on its own schedule. */
async function untilServing(client: ApiClient, adGroupId: string): Promise<void> {
  const body = { userId: 'probe-of-a-launch', placement: 'chat_list', chatCount: 100, adGroupIds: [adGroupId] };
  const deadline = performance.now() + LONGEST_WAIT_MS;
  for (;;) {
    const candidate = await explained(client, body);
    if (candidate !== undefined && candidate.outcome !== 'excluded') return;
    if (performance.now() > deadline) {
      const reason = candidate === undefined ? 'unknown' : `excluded by ${candidate.reason}`;
      throw new Error(`The new campaigns do not serve after ${LONGEST_WAIT_MS / 1000} s: the last one is ${reason}.`);
    }
    await pause(PROBE_EVERY_MS);
  }
}

interface Explained {
  readonly outcome: string;
  readonly reason?: string;
}

/** Undefined while the server does not know the ad group yet. */
async function explained(client: ApiClient, body: object): Promise<Explained | undefined> {
  try {
    const options = { body, idempotent: true };
    const { candidates } = await client.post<{ candidates: readonly Explained[] }>('/v1/match/explain', options);
    return candidates[0];
  } catch (error) {
    const isUnknown = error instanceof ApiProblem && error.faults.some(({ path }) => path.startsWith('adGroupIds'));
    if (!isUnknown) throw error;
    return undefined;
  }
}
