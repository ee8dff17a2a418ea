import type { Lease } from './lease.js';

/** So many leases are looked at in a few milliseconds and exchanged in some 100 ms; the others follow in the next exchange. */
const MOST_LOOKS = 5_000;
/** What is free and was not used for this long is given back where others lack it. */
const IDLE_MS = 1_000;
const ASK_WANTED_MS = 1_000;
/** Only where it lacks for this long is the money for the next message given back as well. */
const LONG_LACK_MS = 3_000;
/** All leases are looked at once in so many exchanges, to lower claims of busier times. */
const REVIEW_EXCHANGES = 100;
/** And where others lack money, those that might lend theirs in so many. */
const LENDER_EXCHANGES = 10;

/** Which leases the next exchange looks at: those to which something happened, those that may ask again, and each now and then. */
export class DueLeases {
  private readonly due = new Set<string>();
  private readonly short = new Set<string>();
  private shortOfServing = 0;
  /** Ad groups, campaigns and advertisers whose money lacks somewhere, and since when. */
  private wanted: ReadonlyMap<string, number> = new Map();
  private wantedTick = -Infinity;
  private readonly reviewed: Round;
  private readonly lenders: Round;

  /** `readWanted`: as `LeaseExchange.wanted`. */
  constructor(
    private readonly leases: ReadonlyMap<string, Lease>,
    private readonly isServing: (lease: Lease) => boolean,
    private readonly readWanted: () => Promise<ReadonlySet<string>>,
  ) {
    this.reviewed = new Round(leases, REVIEW_EXCHANGES);
    this.lenders = new Round(leases, LENDER_EXCHANGES);
  }

  get size(): number {
    return this.due.size;
  }

  /** How many of those that serve had no money for one more message when they were looked for last. */
  get shortCount(): number {
    return this.shortOfServing;
  }

  add(adGroupId: string): void {
    this.due.add(adGroupId);
  }

  noteShort(adGroupId: string, isShort: boolean): void {
    if (isShort) this.short.add(adGroupId);
    else this.short.delete(adGroupId);
  }

  /** Takes out as many as one exchange looks at. */
  take(): readonly string[] {
    const taken: string[] = [];
    for (const adGroupId of this.due) {
      if (taken.length === MOST_LOOKS) break;
      taken.push(adGroupId);
    }
    for (const adGroupId of taken) this.due.delete(adGroupId);
    return taken;
  }

  /** Finds leases that are due although nothing happened to them. */
  async lookAround(tick: number): Promise<void> {
    this.shortOfServing = 0;
    for (const adGroupId of this.short) {
      const lease = this.leases.get(adGroupId);
      // Who does not serve, or not yet, has no money and asks for none.
      if (lease === undefined || !this.isServing(lease)) continue;
      this.shortOfServing++;
      if (lease.askAgainTick <= tick) this.due.add(adGroupId);
    }
    if (tick - this.wantedTick > ASK_WANTED_MS) {
      this.wantedTick = tick;
      const { wanted } = this;
      this.wanted = new Map([...(await this.readWanted())].map((id) => [id, wanted.get(id) ?? tick]));
    }
    for (const { record } of this.reviewed.next()) this.due.add(record.id);
    if (this.wanted.size === 0) return;
    for (const lease of this.lenders.next()) {
      if (lease.claimedMicros > 0 && this.isLackedBesides(lease, tick)) this.due.add(lease.record.id);
    }
  }

  /**
   * Some ad group, here or elsewhere, lacks the money that this one does not use. One whose own budget is used up lacks
   * only what other processes hold for the same ad group.
   */
  isLackedBesides(lease: Lease, tick: number): boolean {
    return tick - lease.usedTick > IDLE_MS && this.lackedSince(lease) < Infinity;
  }

  /**
   * Even the last of it is to be given back. Not at once: of many ad groups of one campaign, each that gives back all is
   * short itself then, for which the others give back theirs.
   */
  isLackedForLong(lease: Lease, tick: number): boolean {
    return tick - this.lackedSince(lease) >= LONG_LACK_MS;
  }

  private lackedSince({ record }: Lease): number {
    const { wanted } = this;
    const ofAdGroup = wanted.get(record.id) ?? Infinity;
    const ofCampaign = wanted.get(record.campaignId) ?? Infinity;
    return Math.min(ofAdGroup, ofCampaign, wanted.get(record.advertiserId) ?? Infinity);
  }
}

/** Goes round all leases, a part at a time. */
class Round {
  private rest: Iterator<Lease, undefined> | null = null;

  /** `parts`: so many calls go round once. */
  constructor(
    private readonly leases: ReadonlyMap<string, Lease>,
    private readonly parts: number,
  ) {}

  /** A part ends with the round: the next one begins anew. */
  *next(): Generator<Lease, void> {
    const count = Math.ceil(this.leases.size / this.parts);
    for (let i = 0; i < count; i++) {
      this.rest ??= this.leases.values();
      const next = this.rest.next();
      if (next.done === true) {
        this.rest = null;
        return;
      }
      yield next.value;
    }
  }
}
