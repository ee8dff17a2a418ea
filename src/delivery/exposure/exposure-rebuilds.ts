import type { DataSource } from 'typeorm';
import { Gathering } from '../../platform/gathering.js';
import { rebuildExposures, type RebuiltExposure } from './exposure-rebuild.js';

interface Read {
  readonly memberId: string;
  readonly keepFrom: number;
}

interface Flight {
  readonly keepFrom: number;
  readonly answer: Promise<RebuiltExposure>;
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

  /** `keepFrom`: epoch ms from which on single impressions are wanted. `epochId`: the life in which Redis does not know them. */
  read(memberId: string, keepFrom: number, epochId: string): Promise<RebuiltExposure> {
    const key = `${epochId} ${memberId}`;
    const flight = this.flights.get(key);
    if (flight !== undefined && flight.keepFrom <= keepFrom) return flight.answer;
    const answer = this.reads.ask({ memberId, keepFrom }).finally(() => {
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
