import { keyOf, type RecordedEvent } from '../record.js';
import { type Check, differences, sumBy } from './check.js';
import type { Stored, StoredEvent } from './stored.js';

/** Outcomes of events that are shown and counted; others wait for their impression, or are kept apart. */
const COUNTED = new Set(['accepted', 'over_budget']);

/** Report rows are the sums of the clients' own events, at the prices in the tokens. */
export function checkReports(recorded: readonly RecordedEvent[], stored: Stored): readonly Check[] {
  const pairs = pairsOf(recorded, stored);
  const of = (type: string) =>
    sumBy(
      pairs.filter(({ event, found }) => event.type === type && COUNTED.has(found.outcome)),
      ({ event }) => event.placed.creativeId,
      () => 1n,
    );
  const reported = (column: 'impressions' | 'clicks') =>
    sumBy(
      stored.reportRows,
      ({ creativeId }) => creativeId,
      (row) => BigInt(row[column]),
    );
  const spent = sumBy(pairs, ({ event }) => event.placed.creativeId, chargeOf);
  return [
    {
      name: 'Reports: impressions and clicks are those that were sent',
      looked: stored.reportRows.length,
      breaches: [
        ...differences('impressions', of('impression'), reported('impressions')),
        ...differences('clicks', of('click'), reported('clicks')),
      ],
    },
    {
      name: 'Reports: spend is the prices in the tokens',
      looked: pairs.length,
      breaches: differences(
        'spend',
        spent,
        sumBy(
          stored.reportRows,
          ({ creativeId }) => creativeId,
          (r) => r.spendMicros,
        ),
      ),
    },
    { name: 'Clicks wait for their impression, and only then', ...waitingOf(pairs) },
  ];
}

export interface Pair {
  readonly event: RecordedEvent;
  readonly found: StoredEvent;
}

export function pairsOf(recorded: readonly RecordedEvent[], stored: Stored): readonly Pair[] {
  const byKey = new Map(stored.events.map((event) => [event.key, event]));
  return recorded.flatMap((event) => {
    const found = byKey.get(keyOf(event));
    return found === undefined ? [] : [{ event, found }];
  });
}

/** What the token says that the event costs. */
export function priceOf({ type, placed }: RecordedEvent): bigint {
  return type === placed.chargedFor ? BigInt(placed.priceMicros) : 0n;
}

export function chargeOf({ event, found }: Pair): bigint {
  return found.outcome === 'accepted' ? priceOf(event) : 0n;
}

function waitingOf(pairs: readonly Pair[]): { readonly looked: number; readonly breaches: readonly string[] } {
  const seen = new Set(pairs.filter(({ event }) => event.type === 'impression').map(({ found }) => found.messageId));
  const wrong = pairs.filter(({ found }) => (found.outcome === 'waiting') === seen.has(found.messageId));
  return {
    looked: pairs.filter(({ found }) => found.outcome === 'waiting').length,
    breaches: wrong.map(({ found }) => `${found.key} is ${found.outcome}`),
  };
}
