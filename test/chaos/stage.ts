import pg from 'pg';
import { ApiClient, ApiProblem } from '../../src/commands/api-client.js';
import { micros } from '../../src/commands/campaign-plan.js';
import { launchCampaigns } from '../../src/commands/launch-campaigns.js';
import type { OnProgress } from '../../src/commands/progress.js';
import type { EditedCatalogue } from './advertisers.js';
import { until } from '../servers/until.js';
import {
  CAPPED_PLACEMENT,
  DEMANDED_CAMPAIGNS,
  EDITED_CAMPAIGN,
  LAST_IN_RANK,
  PAUSED_CAMPAIGN,
  PLACEMENT_CAPS,
  planCatalogue,
  type RunSize,
  TOPPED_UP_ADVERTISER,
} from './catalogue.js';
import type { ClientRecord } from './record.js';
import type { Demand } from './verdict/check-money.js';
import type { World } from './world.js';

/** Short, so that holds expire within the run. */
export const HOLD_SECONDS = 8;
const TOP_UPS_A_RUN = 10;

export interface Stage {
  readonly edited: EditedCatalogue;
  readonly demand: Demand;
}

/** Campaigns on the air and the placements as the run wants them, before anything breaks. */
export async function setStage(
  { apis, secrets, servers }: World,
  record: ClientRecord,
  { size, onProgress }: { readonly size: RunSize; readonly onProgress: OnProgress },
): Promise<Stage> {
  const clients = apis.map(({ url }) => new ApiClient({ url, key: secrets.adminKey }));
  const [client] = clients;
  if (client === undefined) throw new Error('There is no API process');
  await setPlacements(client, servers.databaseUrl);
  const plan = planCatalogue(size);
  const { advertiserIds, campaignIds } = await launchCampaigns(client, plan, { name: 'chaos', onProgress });
  await Promise.all(clients.map(untilPlacementKnown));
  plan.advertisers.forEach(({ creditMicros }, i) => record.addCredit(advertiserIds[i] ?? '', creditMicros));
  const topUp = plan.advertisers[TOPPED_UP_ADVERTISER]?.creditMicros ?? 0;
  return {
    edited: {
      toppedUpAdvertiserId: advertiserIds[TOPPED_UP_ADVERTISER] ?? '',
      topUpMicros: Math.ceil(topUp / TOP_UPS_A_RUN / micros(1)) * micros(1),
      editedCampaignId: campaignIds[EDITED_CAMPAIGN] ?? '',
      firstBudgetMicros: plan.campaigns[EDITED_CAMPAIGN]?.budget.dailyMicros ?? 0,
      pausedCampaignId: campaignIds[PAUSED_CAMPAIGN] ?? '',
    },
    demand: {
      campaignIds: new Set(DEMANDED_CAMPAIGNS.map((i) => campaignIds[i] ?? '')),
      lastInRankIds: new Set(campaignIds.slice(-LAST_IN_RANK)),
    },
  };
}

async function setPlacements(client: ApiClient, databaseUrl: string): Promise<void> {
  const rules = { maxMessages: 3, firstPosition: 1, spacing: 6, refreshAfterSeconds: 300, holdSeconds: HOLD_SECONDS };
  await client.call('PUT', '/v1/placements/chat_list', { body: rules });
  const capped = { ...rules, frequencyCaps: PLACEMENT_CAPS };
  await client.call('PUT', `/v1/placements/${CAPPED_PLACEMENT}`, { body: capped });
  // As if it had been so for long: while longer holds may be open, a loss of Redis would keep all caps closed.
  const database = new pg.Client({ connectionString: databaseUrl });
  await database.connect();
  await database.query(`UPDATE placements SET earlier_hold_seconds = NULL, hold_changed_at = NULL`);
  await database.end();
}

/** The process that made it knows it at once, others learn of it. */
async function untilPlacementKnown(client: ApiClient): Promise<void> {
  const body = { userId: 'probe-of-the-stage', placement: CAPPED_PLACEMENT, chatCount: 42 };
  await until(`${CAPPED_PLACEMENT} is known`, async () => {
    try {
      await client.post('/v1/match/explain', { body, idempotent: true });
      return true;
    } catch (error) {
      if (error instanceof ApiProblem && error.faults.some(({ path }) => path === 'placement')) return false;
      throw error;
    }
  });
}
