/** How long changes of single ad groups take, with a match right after each. */
import { WON } from '../market.js';
import { type Timing, toTiming } from '../measure.js';
import { type Filled, rebuild } from './filled.js';

export const UPDATES = 2_000;

export interface UpdateFigures {
  readonly kinds: readonly { readonly name: string; readonly update: Timing; readonly matchAfter: Timing }[];
  /** Of a rebuild in a process that has run for a while. */
  readonly longestStepMs: number;
}

/**
 * As a process that has run for a while: updates are compiled, and an order that is due for it was built anew. Answers the
 * longest step of that, in ms.
 */
function warmUpdates({ index, market }: Filled, size: number): number {
  for (let i = 0; i < UPDATES; i++) {
    const record = market.adGroup(size + UPDATES + i);
    index.upsert(record, market.ctr());
    index.upsert({ ...record, campaignStatus: 'paused' }, market.ctr());
    index.remove(record.id);
  }
  return rebuild(index).longestMs;
}

export function update(filled: Filled, size: number): UpdateFigures {
  const { index, oracle, market, money, requests } = filled;
  const longestStepMs = warmUpdates(filled, size);
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
    const [updates, matches]: [number[], number[]] = [[], []];
    for (let i = 0; i < count; i++) {
      const start = performance.now();
      work(i);
      const done = performance.now();
      index.top(requests[i % requests.length]!, money, 5);
      updates.push((done - start) * 1_000);
      matches.push((performance.now() - done) * 1_000);
    }
    return { name, update: toTiming(updates), matchAfter: toTiming(matches) };
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
  return { kinds, longestStepMs };
}
