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

  @Column('integer')
  version!: number;

  @Column('timestamptz', { name: 'updated_at', transformer: epochMs })
  updatedAt!: number;
}
