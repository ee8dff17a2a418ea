import { type ApiClient, ApiProblem } from '../api-client.js';
import { launchCampaigns } from '../launch-campaigns.js';
import type { OnProgress } from '../progress.js';
import { uploadLines } from '../upload-lines.js';
import { DEMO_SEGMENTS } from './content/segments.js';
import { DEMO_MEMBER } from './demo-member.js';
import { DEMO_MEMBER_PROFILE, demoMembers } from './demo-members.js';
import { planDemo } from './plan-demo.js';

export interface DemoOptions {
  /** 1 unless told: the same seed fills in the same demo. */
  readonly seed?: number;
  /** 5,000 unless told, the first one included. */
  readonly members?: number;
  readonly onProgress?: OnProgress;
}

export interface DemoSummary {
  /** An earlier run had filled it in; nothing was changed, and the counts are 0. */
  readonly alreadyThere: boolean;
  readonly firstMember: string;
  readonly segments: number;
  readonly advertisers: number;
  readonly campaigns: number;
  readonly adGroups: number;
  readonly creatives: number;
  readonly members: number;
}

export const DEMO_MEMBERS = 5_000;

/**
 * Fills a fresh instance with the demo, over the API alone. Every request can be repeated, and the first member comes last:
 * where it is known, the demo is complete; where it is not, a run that was cut off is taken up again.
 */
export async function runDemo(client: ApiClient, options: DemoOptions = {}): Promise<DemoSummary> {
  const { seed = 1, members = DEMO_MEMBERS, onProgress = () => undefined } = options;
  if (await isThere(client)) {
    const none = { segments: 0, advertisers: 0, campaigns: 0, adGroups: 0, creatives: 0, members: 0 };
    return { alreadyThere: true, firstMember: DEMO_MEMBER, ...none };
  }
  const segments = DEMO_SEGMENTS.length;
  await uploadLines(client, '/v1/segments/bulk', DEMO_SEGMENTS, { step: 'Segments', total: segments, onProgress });
  const launched = await launchCampaigns(client, planDemo(seed), { name: `demo-${seed}`, onProgress });
  const upload = { step: 'Members', total: members - 1, onProgress };
  await uploadLines(client, '/v1/profiles/bulk', demoMembers(seed, members), upload);
  const { userId, ...profile } = DEMO_MEMBER_PROFILE;
  await client.call('PUT', `/v1/profiles/${userId}`, { body: profile });
  return {
    alreadyThere: false,
    firstMember: userId,
    segments,
    advertisers: launched.advertiserIds.length,
    campaigns: launched.campaignIds.length,
    adGroups: launched.adGroups.size,
    creatives: launched.creatives,
    members,
  };
}

async function isThere(client: ApiClient): Promise<boolean> {
  try {
    await client.get(`/v1/profiles/${DEMO_MEMBER}`);
    return true;
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 404) return false;
    throw error;
  }
}
