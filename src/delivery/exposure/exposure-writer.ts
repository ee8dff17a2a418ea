import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { REDIS } from '../../platform/platform.module.js';
import { capKey } from '../../core/capping/record-caps.js';
import { confirmArguments, type CountedMessage } from './confirm-arguments.js';
import { type ExposureKeys, messageKey } from './exposure-keys.js';
import { defineExposureScripts, EPOCH_KEY, exposureKey } from './exposure-scripts.js';

/** Impressions of one creative in one placement: lists of one length, one entry a message. */
export interface SeenMessages {
  readonly advertiserId: string;
  readonly campaignId: string;
  readonly adGroupId: string;
  readonly creativeId: string;
  readonly placement: string;
  readonly memberIds: readonly string[];
  readonly messageIds: readonly string[];
  /** Epoch ms. */
  readonly seenAt: readonly number[];
}

/**
 * They share what a call itself costs; at 9 µs a member (docs/benchmarks.md), other calls wait for some 0.3 ms. On a Redis
 * Cluster, where a call's keys lie in one slot, it has to be 1 (docs/0001).
 */
const MEMBERS_A_CALL = 32;
/** Some 5 ms of Redis: the holds of matches come in between, and no call waits for as long as a command may take. */
const MEMBERS_AT_ONCE = 512;

/** The worker's side of the exposure state. */
@Injectable()
export class ExposureWriter {
  constructor(@Inject(REDIS) private readonly redis: Redis) {
    defineExposureScripts(redis);
  }

  /** Turns holds into counted impressions; doing it again changes nothing. Rejects when Redis can't be reached. */
  async confirm(seen: readonly SeenMessages[]): Promise<void> {
    if (seen.length === 0) return;
    const epochId = await this.redis.hget(EPOCH_KEY, 'id');
    // Without a life of the state there is nothing to correct: it will be rebuilt with these impressions.
    if (epochId === null) return;
    const members = [...byState(seen)];
    for (let start = 0; start < members.length; start += MEMBERS_AT_ONCE) {
      await this.confirmSome(epochId, members.slice(start, start + MEMBERS_AT_ONCE));
    }
  }

  private async confirmSome(
    epochId: string,
    members: readonly (readonly [string, readonly CountedMessage[]])[],
  ): Promise<void> {
    const pipeline = this.redis.pipeline();
    for (let start = 0; start < members.length; start += MEMBERS_A_CALL) {
      pipeline.confirmImpressions(...confirmArguments(epochId, members.slice(start, start + MEMBERS_A_CALL)));
    }
    for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
  }
}

/** By the key of the member's state. */
function byState(seen: readonly SeenMessages[]): ReadonlyMap<string, CountedMessage[]> {
  const states = new Map<string, CountedMessage[]>();
  for (const messages of seen) {
    const keys = keysOf(messages);
    messages.memberIds.forEach((memberId, i) => {
      const state = exposureKey(memberId);
      const counted = { message: messageKey(messages.messageIds[i]!), at: messages.seenAt[i]!, keys };
      const known = states.get(state);
      if (known === undefined) states.set(state, [counted]);
      else known.push(counted);
    });
  }
  return states;
}

function keysOf({ creativeId, adGroupId, campaignId, advertiserId, placement }: SeenMessages): ExposureKeys {
  return [capKey(creativeId), capKey(adGroupId), capKey(campaignId), capKey(advertiserId), capKey(placement)];
}
