import type { DataSource } from 'typeorm';
import { Gathering } from '../../platform/gathering.js';
import { rebuildExposures, type RebuiltExposure } from './exposure-rebuild.js';

/**
 * What is confirmed for a member whom Redis does not know is kept for so long, and a rebuild that may have read Postgres before is
 * used no later. Twice what a statement may take (see data-source.ts).
 */
export const LONGEST_REBUILD_MS = 60_000;

interface Read {
  readonly memberId: string;
  readonly keepFrom: number;
}

/** What Postgres knew at some time after Redis told that it does not know the member. */
export interface DatedRebuild {
  readonly exposure: RebuiltExposure;
  /** Epoch ms by the clock of Redis: so long, what was confirmed meanwhile waits there. */
  readonly usableUntil: number;
}

interface Flight {
  readonly keepFrom: number;
  readonly answer: Promise<DatedRebuild>;
}

/**
 * Reads members' exposure from Postgres: those who are asked about at the same time by one query, and each member by one
 * query at a time. Whoever joins a read that has begun loses nothing: since Redis answered before it that it does not know
 * the member, what is confirmed meanwhile waits there to be joined with it; in the same life of the state, so that nobody joins
 * a read for another one.
 */
export class ExposureRebuilds {
  private readonly reads: Gathering<Read, RebuiltExposure>;
  /** By life and member. */
  private readonly flights = new Map<string, Flight>();

  constructor(
    private readonly dataSource: DataSource,
    mostAtOnce: number,
  ) {
    this.reads = new Gathering((reads) => this.readAll(reads), mostAtOnce);
  }

  /**
   * `keepFrom`: epoch ms from which on single impressions are wanted. `epochId`: the life in which Redis does not know them, as it
   * told at `unknownAt`, epoch ms by its clock.
   */
  read({ memberId, keepFrom }: Read, epochId: string, unknownAt: number): Promise<DatedRebuild> {
    const key = `${epochId} ${memberId}`;
    const flight = this.flights.get(key);
    if (flight !== undefined && flight.keepFrom <= keepFrom) return flight.answer;
    const answer = this.reads
      .ask({ memberId, keepFrom })
      .then((exposure) => ({ exposure, usableUntil: unknownAt + LONGEST_REBUILD_MS }))
      .finally(() => {
        if (this.flights.get(key)?.answer === answer) this.flights.delete(key);
      });
    this.flights.set(key, { keepFrom, answer });
    return answer;
  }

  /** Of members who are asked about at different times, as in simulated time, more is read than each needs. */
  private async readAll(reads: readonly Read[]): Promise<readonly RebuiltExposure[]> {
    const keepFrom = reads.reduce((earliest, read) => Math.min(earliest, read.keepFrom), Infinity);
    return rebuildExposures(
      this.dataSource,
      reads.map(({ memberId }) => memberId),
      keepFrom,
    );
  }
}
