import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { groupBy } from '../../platform/group-by.js';
import { REDIS } from '../../platform/platform.module.js';
import { capKey } from '../../core/capping/record-caps.js';
import { messageKey } from './exposure-keys.js';
import { defineExposureScripts, EPOCH_KEY, exposureKey } from './exposure-scripts.js';

export interface ConfirmedImpression {
  readonly memberId: string;
  readonly messageId: string;
  readonly adGroupId: string;
  readonly campaignId: string;
  readonly advertiserId: string;
  readonly creativeId: string;
  readonly placement: string;
  /** Epoch ms. */
  readonly occurredAt: number;
}

/** Twice what a statement may take (see data-source.ts): a rebuild that read Postgres before is over by then. */
const LONGEST_REBUILD_MS = 60_000;

/** The worker's side of the exposure state. */
@Injectable()
export class ExposureWriter {
  constructor(@Inject(REDIS) private readonly redis: Redis) {
    defineExposureScripts(redis);
  }

  /** Turns holds into counted impressions; doing it again changes nothing. Rejects when Redis can't be reached. */
  async confirm(impressions: readonly ConfirmedImpression[]): Promise<void> {
    if (impressions.length === 0) return;
    const epochId = await this.redis.hget(EPOCH_KEY, 'id');
    // Without a life of the state there is nothing to correct: it will be rebuilt with these impressions.
    if (epochId === null) return;
    const pipeline = this.redis.pipeline();
    for (const [memberId, entries] of groupBy(impressions, (impression) => impression.memberId)) {
      const json = JSON.stringify(entries.map(toEntry));
      pipeline.confirmImpressions(exposureKey(memberId), epochId, json, LONGEST_REBUILD_MS);
    }
    for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
  }
}

/** As the script takes it: see confirm.lua. */
function toEntry(impression: ConfirmedImpression): readonly number[] {
  const { messageId, occurredAt, creativeId, adGroupId, campaignId, advertiserId, placement } = impression;
  const ids = [creativeId, adGroupId, campaignId, advertiserId, placement];
  return [messageKey(messageId), occurredAt, ...ids.map(capKey)];
}
