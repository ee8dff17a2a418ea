/** How long changes of single ad groups take, with a match right after each. */
import { WON } from '../market.js';
import { type Timing, toTiming } from '../measure.js';
import { Pieces } from '../pauses.js';
import { type Filled, rebuild } from './filled.js';

export const UPDATES = 2_000;

export interface UpdateFigures {
  readonly kinds: readonly {
    readonly name: string;
    readonly updates: Pieces;
    /** One match right after each. */
    readonly matches: Pieces;
  }[];
  /** Of a rebuild in a process that has run for a while. */
  readonly steps: Pieces;
}

/**
 * As a process that has run for a while: updates are compiled, and an order that is due for it was built anew. Answers the
 * steps of that.
 */
function warmUpdates({ index, market }: Filled, size: number): Pieces {
  for (let i = 0; i < UPDATES; i++) {
    const record = market.adGroup(size + UPDATES + i);
    index.upsert(record, market.ctr());
    index.upsert({ ...record, campaignStatus: 'paused' }, market.ctr());
    index.remove(record.id);
  }
  return rebuild(index);
}

export function update(filled: Filled, size: number): UpdateFigures {
  const { index, oracle, market, money, requests } = filled;
  const steps = warmUpdates(filled, size);
  const known = [...oracle.all()].filter((_, i) => i % Math.max(1, Math.floor(size / UPDATES)) === 0).slice(0, UPDATES);
  const changed = known.map(({ record, ctr }, i) => ({
    record: {
      ...record,
      bid: { ...record.bid, amountMicros: record.bid.amountMicros + ((i % 40) - 20) * 10 * WON + 200 * WON },
    },
    ctr,
  }));
  const fresh = Array.from({ length: UPDATES }, (_, i) => ({ record: market.adGroup(size + i), ctr: market.ctr() }));
  const timed = (name: string, count: number, work: (i: number) => void) => {
    const [updates, matches] = [new Pieces(), new Pieces()];
    for (let i = 0; i < count; i++) {
      updates.time(() => work(i));
      matches.time(() => index.top(requests[i % requests.length]!, money, 5));
    }
    return { name, updates, matches };
  };
  const kinds = [
    timed('bid changed', changed.length, (i) => index.upsert(changed[i]!.record, changed[i]!.ctr)),
    timed('added', UPDATES, (i) => index.upsert(fresh[i]!.record, fresh[i]!.ctr)),
    timed('paused', changed.length, (i) =>
      index.upsert({ ...changed[i]!.record, campaignStatus: 'paused' }, changed[i]!.ctr),
    ),
  ];
  for (const { record, ctr } of [...changed, ...fresh]) oracle.upsert(record, ctr);
  for (const { record, ctr } of changed) index.upsert(record, ctr);
  if (index.isWorn) rebuild(index);
  return { kinds, steps };
}

export function timingOf({ ms }: Pieces): Timing {
  return toTiming(ms.map((one) => one * 1_000));
}
