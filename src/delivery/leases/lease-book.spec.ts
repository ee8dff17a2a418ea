import { describe, expect, it } from '@jest/globals';
import { adGroup } from '../../../test/properties/arbitraries/candidates.js';
import type { AdGroupRecord, Bid } from '../../core/index/ad-group-record.js';
import type { Shortage } from '../../core/index/match-request.js';
import { allotClaims } from '../../core/pacing/allot-claims.js';
import { decidedMinute } from '../../core/pacing/promise-book.js';
import { LeaseBook } from './lease-book.js';
import type { LeaseChange } from './lease-exchange.js';
import type { SettledCharge } from './settled-charges.js';

const MINUTE = 60_000;
const HOLD_MS = 10 * MINUTE;
/** Longer than the pause after which who was refused asks again. */
const PATIENCE_MS = 750;

const cpc = (amountMicros: number): Bid => ({ model: 'cpc', amountMicros });
const cpm = (priceMicros: number): Bid => ({ model: 'cpm', amountMicros: 1_000 * priceMicros });

/** One process, and the money of one campaign as Postgres would have it. */
class Bookkeeping {
  private now = Date.parse('2026-11-22T03:00:00Z');
  private spent = 0;
  private claimed = 0;
  private known: Shortage | null;
  private shown = 0;
  private readonly charges: SettledCharge[] = [];
  /** What happens while charges are read, too late to be among them, and while money is granted. */
  whileRead: () => void = () => undefined;
  whileGranted: () => void = () => undefined;
  /** What its row says that it lacks. */
  storedShortage: string | null = null;
  private readonly book: LeaseBook;

  constructor(
    private budget: number,
    private record: AdGroupRecord,
    cautiousCtr = 0,
  ) {
    const nothing = { register: () => undefined };
    this.book = new LeaseBook(
      { id: 1, renew: () => Promise.resolve() } as never,
      { exchange: this.exchangeAll.bind(this), wanted: () => Promise.resolve(new Set()) } as never,
      { next: () => this.readCharges() } as never,
      Object.defineProperty({}, 'settledUntil', { get: () => this.now }) as never,
      { cautiousCtrOf: () => cautiousCtr } as never,
      { now: () => this.now } as never,
      nothing as never,
    );
    this.book.onChange(() => (this.known = this.book.shortage(this.record)));
    this.book.track(record);
    this.known = this.book.shortage(record);
  }

  get claimedMicros(): number {
    return this.claimed;
  }

  /** What the index, which asks only once it is told, takes it to lack. */
  get indexed(): Shortage | null {
    return this.known;
  }

  bid(bid: Bid): void {
    this.record = { ...this.record, bid };
    this.book.track(this.record);
  }

  raise(byMicros: number): void {
    this.budget += byMicros;
    this.book.track(this.record);
  }

  /** The campaign's budget, which its record tells, too. */
  limit(micros: number): void {
    this.budget = micros;
    this.record = { ...this.record, budgets: { ...this.record.budgets, campaignTotalMicros: micros } };
    this.book.track(this.record);
  }

  /** Begins so much later than now. */
  putOff(byMs: number): void {
    this.record = { ...this.record, startsAt: this.now + byMs };
    this.book.track(this.record);
  }

  stop(): void {
    this.book.untrack(this.record.id);
  }

  pass(ms: number): void {
    this.now += ms;
  }

  /** As the loop does, some times, with the pauses that who was refused keeps. */
  async exchange(times = 1): Promise<void> {
    for (let i = 0; i < times; i++) {
      await (this.book as unknown as { exchange(): Promise<void> }).exchange();
      if (i < times - 1) await new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
    }
  }

  /** Whether one message is shown at the bid's price, which the index has to be told first. */
  show(priceMicros: number, ctr: number): boolean {
    if (this.book.shortage(this.record) !== null) return false;
    const { now, record } = this;
    const message = { record, priceMicros, ctr, decidedAt: now, expiresAt: now + HOLD_MS };
    // Of every other one it is asked first: the answer is the same, and who can't pay takes part in nothing more.
    const isAskedFirst = this.shown++ % 2 === 0;
    const canPromise = isAskedFirst && this.book.canPromise(message);
    if (isAskedFirst && !canPromise) expect(this.indexed).not.toBeNull();
    const isPaid = this.book.promise(message);
    if (isAskedFirst) expect(isPaid).toBe(canPromise);
    if (!isPaid) expect(this.indexed).not.toBeNull();
    return isPaid;
  }

  /** Whether a message could be shown at this price. */
  affords(priceMicros: number, ctr: number): boolean {
    const { now, record } = this;
    return this.book.canPromise({ record, priceMicros, ctr, decidedAt: now, expiresAt: now + HOLD_MS });
  }

  /** A message of this minute was charged. */
  charge(micros: number): void {
    this.spent += micros;
    this.charges.push({
      id: String(this.spent),
      adGroupId: this.record.id,
      micros,
      minute: decidedMinute(this.now),
      settledAt: this.now,
    });
  }

  private exchangeAll(_holder: number, [change]: readonly LeaseChange[]): Promise<unknown> {
    if (change === undefined) return Promise.resolve([]);
    expect(change.claimedMicros).toBeLessThanOrEqual(this.claimed);
    expect(Number.isSafeInteger(change.claimedMicros) && Number.isSafeInteger(change.leastMicros)).toBe(true);
    this.claimed = change.claimedMicros;
    this.storedShortage = change.shortage;
    if (change.wantedMicros === 0) return Promise.resolve([]);
    const left = {
      byAdvertiser: new Map(),
      byCampaign: new Map([[change.campaignId, this.left]]),
      byAdGroup: new Map(),
    };
    const grants = allotClaims([change], left, 1);
    const granted = grants.reduce((sum, { grantedMicros }) => sum + grantedMicros, 0);
    this.claimed += granted;
    // A charge that its process has not heard of counts twice.
    if (granted > 0) expect(this.spent + this.claimed).toBeLessThanOrEqual(this.budget);
    for (const { shortage } of grants) this.storedShortage = shortage;
    this.whileGranted();
    return Promise.resolve(grants);
  }

  private readCharges(): Promise<readonly SettledCharge[]> {
    const read = this.charges.splice(0);
    this.whileRead();
    return Promise.resolve(read);
  }

  private get left(): number {
    return this.budget - this.spent - this.claimed;
  }
}

describe('what a process promises', () => {
  it.each([0.01, 0.08, 0.2])(
    'is the last price of a budget, one message of it at least, where %d of them are clicked',
    async (ctr) => {
      const books = new Bookkeeping(1_000, adGroup({ bid: cpc(1_000) }));
      await books.exchange(2);
      expect(books.show(1_000, ctr)).toBe(true);
      books.pass(HOLD_MS + MINUTE);
      await books.exchange(2);
      expect(books.show(1_000, ctr)).toBe(true);
    },
  );

  it.each([cpm(300), cpc(300)])('is spent far below the bid, down to less than a message costs (%j)', async (bid) => {
    const books = new Bookkeeping(330, adGroup({ bid }));
    await books.exchange(2);
    for (let i = 0; i < 3; i++) {
      expect(books.show(110, 0.01)).toBe(true);
      books.charge(110);
      books.pass(HOLD_MS + MINUTE);
      await books.exchange(2);
    }
    expect(books.show(110, 0.01)).toBe(false);
  });

  it('is asked for by the click rate of the message, not of the one before', async () => {
    const books = new Bookkeeping(1_000, adGroup({ bid: cpc(1_000) }));
    await books.exchange(2);
    expect(books.show(1_000, 0.01)).toBe(true);
    expect([books.affords(1_000, 0.01), books.affords(1_000, 1), books.affords(1_000, 0.01)]).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('is told to lack where it is too little for a price, whether that was asked first or not', async () => {
    for (const before of [1, 2]) {
      const books = new Bookkeeping(10, adGroup({ bid: cpm(10) }));
      await books.exchange(2);
      for (let i = 0; i < before; i++) expect(books.show(1, 0)).toBe(true);
      expect([books.indexed, books.show(10, 0), books.indexed]).toEqual([null, false, 'budget']);
    }
  });

  it.each<[string, (books: Bookkeeping) => void]>([
    ['nobody serves any more', (books) => books.stop()],
    ['its campaign was put off', (books) => books.putOff(7 * 24 * 60 * MINUTE)],
  ])('is no longer said to lack where %s', async (_what, end) => {
    const books = new Bookkeeping(10, adGroup({ bid: cpm(10) }));
    await books.exchange(2);
    expect(books.show(10, 0)).toBe(true);
    books.charge(10);
    await books.exchange(3);
    expect([books.claimedMicros, books.storedShortage]).toEqual([0, 'budget']);
    end(books);
    await books.exchange(2);
    expect(books.storedShortage).toBeNull();
  });

  it('is not promised of a budget that was lowered while it was granted', async () => {
    const books = new Bookkeeping(1_000_000, adGroup({ bid: cpm(10) }));
    books.whileGranted = () => {
      books.whileGranted = () => undefined;
      books.limit(100);
    };
    await books.exchange(1);
    expect(books.affords(1, 0)).toBe(false);
    await books.exchange(2);
    expect([books.affords(10, 0), books.claimedMicros <= 100]).toEqual([true, true]);
  });

  it('is asked for without a change where it is enough', async () => {
    const books = new Bookkeeping(10, adGroup({ bid: cpm(10) }));
    await books.exchange(2);
    expect(books.show(7, 0)).toBe(true);
    expect([books.indexed, books.affords(3, 0), books.indexed, books.affords(4, 0)]).toEqual([
      'budget',
      true,
      'budget',
      false,
    ]);
  });

  it('is tried again after a while, where less was left than a message cost', async () => {
    const books = new Bookkeeping(57, adGroup({ bid: cpm(30) }));
    await books.exchange(2);
    expect(books.show(29, 0.01)).toBe(true);
    await books.exchange(1);
    expect(books.show(1, 0.01)).toBe(false);
    books.charge(29);
    await books.exchange(4);
    for (let i = 0; i < 28; i++) {
      expect(books.show(1, 0.01)).toBe(true);
      books.charge(1);
      await books.exchange(1);
    }
    expect(books.show(1, 0.01)).toBe(false);
  });

  it('is not tried while it may come back from messages that are not clicked', async () => {
    const books = new Bookkeeping(100, adGroup({ bid: cpc(100) }));
    await books.exchange(1);
    while (books.show(90, 0.1)) await books.exchange(1);
    await books.exchange(4);
    expect(books.show(1, 0.001)).toBe(false);
    books.pass(HOLD_MS + 2 * MINUTE);
    await books.exchange(4);
    expect(books.show(1, 0.001)).toBe(true);
  });

  it('is kept for more clicks than are predicted, while little is known of them', async () => {
    const shown = async (cautiousCtr: number): Promise<number> => {
      const books = new Bookkeeping(10_000, adGroup({ bid: cpc(1_000) }), cautiousCtr);
      await books.exchange(1);
      let count = 0;
      for (; books.show(1_000, 0.01); count++) await books.exchange(1);
      return count;
    };
    const [bold, cautious] = [await shown(0), await shown(0.1)];
    expect(bold).toBeGreaterThan(350);
    expect(cautious).toBe(Math.floor(bold / 10));
  });

  it('is not asked for again where a message was too dear, until there is more', async () => {
    const books = new Bookkeeping(50, adGroup({ bid: cpm(100) }));
    await books.exchange(2);
    expect(books.show(60, 0.01)).toBe(false);
    expect(books.show(1, 0.01)).toBe(false);
    books.raise(60);
    await books.exchange(2);
    expect(books.show(30, 0.01)).toBe(true);
    expect(books.show(81, 0.01)).toBe(false);
    expect(books.show(80, 0.01)).toBe(false);
    books.raise(1);
    await books.exchange(2);
    expect(books.show(81, 0.01)).toBe(true);
  });

  it.each([cpm(100), cpc(100)])(
    'is tried where less than a bid is left, since prices may be lower (%j)',
    async (bid) => {
      const books = new Bookkeeping(99, adGroup({ bid }));
      await books.exchange(1);
      expect(books.show(10, 0.01)).toBe(false);
      await books.exchange(2);
      expect(books.show(10, 0.01)).toBe(true);
    },
  );

  it('is nothing once all is spent, even for messages that cost nothing', async () => {
    const books = new Bookkeeping(100, adGroup({ bid: cpm(100) }));
    await books.exchange(2);
    expect(books.show(0, 0.01)).toBe(true);
    expect(books.show(100, 0.01)).toBe(true);
    books.charge(100);
    await books.exchange(2);
    expect(books.show(0, 0.01)).toBe(false);
  });

  it('is bound until its charge was read, though the message is over and its charge is settled', async () => {
    const books = new Bookkeeping(100, adGroup({ bid: cpm(100) }));
    await books.exchange(2);
    expect(books.show(100, 0.01)).toBe(true);
    books.whileRead = () => {
      books.charge(100);
      books.pass(HOLD_MS + MINUTE);
      books.whileRead = () => undefined;
    };
    await books.exchange();
    expect(books.show(100, 0.01)).toBe(false);
    await books.exchange(2);
    expect(books.show(100, 0.01)).toBe(false);
    expect(books.claimedMicros).toBe(0);
  });

  it('follows a bid for impressions that becomes one for clicks', async () => {
    const books = new Bookkeeping(5_000, adGroup({ bid: cpm(5_000) }));
    await books.exchange(2);
    expect(books.show(5_000, 0.01)).toBe(true);
    books.bid(cpc(1_000));
    books.pass(HOLD_MS + MINUTE);
    await books.exchange(2);
    expect(books.show(1_000, 0.01)).toBe(true);
  });

  it('is known to be too little, or enough, for a bid that was changed, before any message of it', async () => {
    const books = new Bookkeeping(100, adGroup({ bid: cpm(100) }));
    await books.exchange(2);
    expect(books.indexed).toBeNull();
    books.bid(cpm(1_000));
    expect(books.indexed).toBe('budget');
    books.bid(cpm(10));
    expect(books.indexed).toBeNull();
  });

  it('follows a bid for clicks that is lowered, but for the clicks that may come at the higher price', async () => {
    const books = new Bookkeeping(20_000, adGroup({ bid: cpc(10_000) }));
    await books.exchange(2);
    expect(books.show(10_000, 0.05)).toBe(true);
    books.bid(cpc(100));
    books.stop();
    await books.exchange(2);
    // 0.05 clicks at 10,000 each.
    expect(books.claimedMicros).toBeGreaterThan(7_000);
    books.pass(HOLD_MS + MINUTE);
    await books.exchange();
    expect(books.claimedMicros).toBe(0);
    books.bid(cpc(100));
    await books.exchange(2);
    expect(books.show(100, 0.05)).toBe(true);
  });

  it('is still promised for impressions when a click of the same ad group is charged', async () => {
    const books = new Bookkeeping(1_000_000, adGroup({ bid: cpc(1_000) }));
    await books.exchange();
    expect(books.show(1_000, 0.01)).toBe(true);
    books.bid(cpm(10));
    for (let i = 0; i < 50; i++) expect(books.show(10, 0.01)).toBe(true);
    books.charge(1_000);
    books.stop();
    await books.exchange(2);
    expect(books.claimedMicros).toBeGreaterThanOrEqual(500);
  });
});
