import type { Lease } from './lease.js';

/** So many leases are looked at in a few milliseconds and exchanged in some 100 ms; the others follow in the next exchange. */
const MOST_LOOKS = 5_000;
/** What is free and was not used for this long is given back where others lack it. */
const IDLE_MS = 1_000;
const ASK_WANTED_MS = 1_000;
/** All leases are looked at once in so many exchanges, to lower claims of busier times. */
const REVIEW_EXCHANGES = 100;
/** And where others lack money, those that might lend theirs in so many. */
const LENDER_EXCHANGES = 10;

/** Which leases the next exchange looks at: those to which something happened, those that may ask again, and each now and then. */
export class DueLeases {
  private readonly due = new Set<string>();
  private readonly short = new Set<string>();
  /** Ad groups, campaigns and advertisers whose money lacks somewhere. */
  private wanted: ReadonlySet<string> = new Set();
  private wantedTick = -Infinity;
  private readonly reviewed: Round;
  private readonly lenders: Round;

  /** `readWanted`: as `LeaseExchange.wanted`. */
  constructor(
    private readonly leases: ReadonlyMap<string, Lease>,
    private readonly readWanted: () => Promise<ReadonlySet<string>>,
  ) {
    this.reviewed = new Round(leases, REVIEW_EXCHANGES);
    this.lenders = new Round(leases, LENDER_EXCHANGES);
  }

  get size(): number {
    return this.due.size;
  }

  /** How many leases have no money for one more message. */
  get shortCount(): number {
    return this.short.size;
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
    for (const adGroupId of this.short) {
      if ((this.leases.get(adGroupId)?.askAgainTick ?? 0) <= tick) this.due.add(adGroupId);
    }
    if (tick - this.wantedTick > ASK_WANTED_MS) {
      this.wantedTick = tick;
      this.wanted = await this.readWanted();
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
  isLackedBesides({ record, usedTick }: Lease, tick: number): boolean {
    const { wanted } = this;
    if (tick - usedTick <= IDLE_MS) return false;
    return wanted.has(record.id) || wanted.has(record.campaignId) || wanted.has(record.advertiserId);
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
