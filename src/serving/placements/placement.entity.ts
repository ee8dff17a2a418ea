import type { FrequencyCap } from '../../core/capping/frequency-cap.js';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { epochMs } from '../../platform/database/columns.js';

/** A place in the app that shows sponsored messages, with its rules. */
@Entity('placements')
export class PlacementEntity {
  @PrimaryColumn('text')
  id!: string;

  @Column('integer', { name: 'max_messages' })
  maxMessages!: number;

  @Column('integer', { name: 'first_position' })
  firstPosition!: number;

  @Column('integer')
  spacing!: number;

  @Column('integer', { name: 'refresh_after_seconds' })
  refreshAfterSeconds!: number;

  @Column('integer', { name: 'hold_seconds' })
  holdSeconds!: number;

  @Column('bigint', { name: 'floor_micros' })
  floorMicros!: number;

  /** An advertiser may stand twice in one list. */
  @Column('boolean', { name: 'allows_repeats' })
  allowsRepeats!: boolean;

  /** In any 24 hours; null: not limited. */
  @Column('integer', { name: 'max_per_member_per_day', nullable: true })
  maxPerMemberPerDay!: number | null;

  @Column('integer', { name: 'min_gap_seconds', nullable: true })
  minGapSeconds!: number | null;

  @Column('integer', { name: 'max_per_advertiser_per_day', nullable: true })
  maxPerAdvertiserPerDay!: number | null;

  @Column('integer', { name: 'min_advertiser_gap_seconds', nullable: true })
  minAdvertiserGapSeconds!: number | null;

  @Column('double precision', { name: 'least_ctr' })
  leastCtr!: number;

  @Column('double precision', { name: 'least_relevance' })
  leastRelevance!: number;

  /** Of messages in this placement to one member; calendar windows in UTC. */
  @Column('jsonb', { name: 'frequency_caps' })
  frequencyCaps!: readonly FrequencyCap[];

  @Column('integer')
  version!: number;

  @Column('timestamptz', { name: 'updated_at', transformer: epochMs })
  updatedAt!: number;
}
