import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Metrics } from '../platform/metrics/metrics.js';
import { RUNTIME_CONFIG, type RuntimeConfig } from '../platform/platform.module.js';
import { BatchedProfileSource } from './batched-profile-source.js';
import { ProfileChanges } from './profile-changes.js';
import { type MemberProfile, ProfileSource } from './profiles.api.js';

/** What was read of a member; null: there is no profile. */
interface Known {
  readonly profile: MemberProfile | null;
}

interface Read {
  readonly profile: Promise<MemberProfile | null>;
}

/**
 * Keeps the profiles of members who were asked about lately. A profile that has changed is forgotten, and a read that was
 * under way meanwhile is not kept; while changes may go unheard, nothing is answered from memory.
 */
@Injectable()
export class CachedProfileSource extends ProfileSource {
  private readonly known: LRUCache<string, Known>;
  /** Reads under way whose result may be kept; shared by all who ask meanwhile. */
  private readonly reads = new Map<string, Read>();
  private readonly lookups;

  constructor(
    private readonly source: BatchedProfileSource,
    private readonly changes: ProfileChanges,
    @Inject(RUNTIME_CONFIG) config: RuntimeConfig,
    metrics: Metrics,
  ) {
    super();
    this.known = new LRUCache({ max: config.profileCacheSize });
    this.lookups = metrics.counter('matchum_profile_lookups_total', 'Profiles asked for by matches', ['source']);
    metrics.gauge('matchum_profile_cache_members', 'Members in the profile cache', (gauge) =>
      gauge.set(this.known.size),
    );
    changes.onChange((userIds) => this.forget(userIds));
  }

  cached(userId: string): MemberProfile | null | undefined {
    const known = this.changes.areHeard ? this.known.get(userId) : undefined;
    if (known !== undefined) this.lookups.inc({ source: 'cache' });
    return known?.profile;
  }

  read(userId: string): Promise<MemberProfile | null> {
    const known = this.cached(userId);
    if (known !== undefined) return Promise.resolve(known);
    if (!this.changes.areHeard) return this.source.read(userId);
    const underWay = this.reads.get(userId) ?? this.begin(userId);
    return underWay.profile;
  }

  private begin(userId: string): Read {
    const read: Read = { profile: this.source.read(userId) };
    this.reads.set(userId, read);
    this.lookups.inc({ source: 'database' });
    const end = (known?: Known): void => {
      // A change that came meanwhile has taken the read out, and perhaps another has begun.
      if (this.reads.get(userId) !== read) return;
      this.reads.delete(userId);
      if (known !== undefined) this.known.set(userId, known);
    };
    read.profile.then(
      (profile) => end({ profile }),
      () => end(),
    );
    return read;
  }

  private forget(userIds: readonly string[] | null): void {
    if (userIds === null) {
      this.known.clear();
      this.reads.clear();
      return;
    }
    for (const userId of userIds) {
      this.known.delete(userId);
      this.reads.delete(userId);
    }
  }
}
