import { keyOf, type RecordedEvent } from '../record.js';
import type { Check } from './check.js';
import type { Stored, StoredEvent } from './stored.js';

/** Every event that was answered `accepted` is stored, settled and counted once, and nothing else is. */
export function checkEvents(recorded: readonly RecordedEvent[], stored: Stored): readonly Check[] {
  const byKey = new Map(recorded.map((event) => [keyOf(event), event]));
  const storedByKey = new Map(stored.events.map((event) => [event.key, event]));
  const answered = recorded.filter(isKept);
  return [
    {
      name: 'Events that were answered are stored once, and settled',
      looked: answered.length,
      breaches: [
        ...answered.flatMap((event) => missing(event, storedByKey.get(keyOf(event)))),
        ...(storedByKey.size === stored.events.length ? [] : ['an event is stored more than once']),
        ...(stored.unsettledBatches === 0 ? [] : [`${stored.unsettledBatches} batches are not settled`]),
      ],
    },
    {
      name: 'Events that are stored were sent, and not refused',
      looked: stored.events.length,
      breaches: stored.events.flatMap((event) => unsent(event, byKey.get(event.key))),
    },
    {
      name: 'Verdicts: accepted once, then duplicate',
      looked: recorded.length,
      breaches: recorded.flatMap(strangeVerdicts),
    },
    ...links(recorded, storedByKey),
  ];
}

/** So few may all have come while intake was closed. */
const MOST_LINKS_LOST = 20;

/** No answer tells whether a link's report was taken, so only that none of very many was is sure to be wrong. */
function links(recorded: readonly RecordedEvent[], stored: ReadonlyMap<string, StoredEvent>): readonly Check[] {
  return (['impression', 'click'] as const).map((kind) => {
    const linked = recorded.filter(({ isByLink, tries, type }) => isByLink && tries.length > 0 && type === kind);
    // Sent again, it would have been new if the link had not been taken.
    const taken = linked.filter(
      (event) => stored.has(keyOf(event)) && (event.tries.length === 1 || event.tries[1]?.verdict === 'duplicate'),
    );
    return {
      name: `Links, ${kind}s: their reports are stored`,
      looked: linked.length,
      breaches: taken.length === 0 && linked.length > MOST_LINKS_LOST ? [`none of ${linked.length} is stored`] : [],
      figure: `${taken.length} are stored`,
    };
  });
}

/** Told to be durable. */
export function isKept(event: RecordedEvent): boolean {
  return event.tries.some(({ verdict }) => verdict === 'accepted' || verdict === 'duplicate');
}

function missing(event: RecordedEvent, found: StoredEvent | undefined): readonly string[] {
  if (found === undefined) return [`${keyOf(event)} is not stored (${told(event)})`];
  return found.isSettled ? [] : [`${keyOf(event)} is not settled`];
}

function unsent(found: StoredEvent, event: RecordedEvent | undefined): readonly string[] {
  if (event === undefined) return [`${found.key} is stored and nobody sent it`];
  if (!isKept(event) && !event.tries.some(({ verdict }) => verdict === null)) {
    return [`${found.key} is stored although it was refused (${told(event)})`];
  }
  const [facts, kept] = [factsOf(event.placed), factsOf(found)];
  return [
    ...(facts === kept ? [] : [`${found.key} is stored as ${kept} instead of ${facts}`]),
    ...(isTimeOf(found, event) ? [] : [`${found.key} is said to have happened at ${found.occurredAt}`]),
  ];
}

type Facts = Pick<StoredEvent, 'memberId' | 'advertiserId' | 'campaignId' | 'adGroupId' | 'creativeId' | 'placement'>;

function factsOf({ memberId, advertiserId, campaignId, adGroupId, creativeId, placement }: Facts): string {
  return [memberId, advertiserId, campaignId, adGroupId, creativeId, placement].join(' ');
}

/** The time that was stated, to the millisecond since clocks are the same here; otherwise some time at which it was under way. */
function isTimeOf({ occurredAt }: StoredEvent, { statedAt, tries }: RecordedEvent): boolean {
  if (statedAt !== null) return occurredAt === statedAt;
  const [first, last] = [tries[0]?.sentAt ?? 0, tries.at(-1)?.endedAt ?? 0];
  // An answer that never came says nothing of when the event was read.
  return occurredAt >= first && (occurredAt <= last || tries.some(({ verdict }) => verdict === null));
}

function strangeVerdicts(event: RecordedEvent): readonly string[] {
  const accepted = event.tries.filter(({ verdict }) => verdict === 'accepted').length;
  const firstKept = event.tries.findIndex(({ verdict }) => verdict === 'accepted' || verdict === 'duplicate');
  const before = event.tries.slice(0, Math.max(firstKept, 0));
  const isDuplicateOfNothing =
    event.tries[firstKept]?.verdict === 'duplicate' && !before.some(({ verdict }) => verdict === null);
  const codes = event.tries.flatMap(({ code }) => (code === null || code === 'expired' ? [] : [code]));
  // Clocks are the same here: what comes before the end of its hold is not too late.
  const isRefusedInTime = event.tries.some(
    ({ code, endedAt }) => code === 'expired' && event.type !== 'conversion' && endedAt < event.placed.expiresAt,
  );
  return [
    ...(accepted > 1 ? [`${keyOf(event)} was accepted ${accepted} times`] : []),
    ...(isDuplicateOfNothing ? [`${keyOf(event)} was a duplicate of nothing`] : []),
    ...codes.map((code) => `${keyOf(event)} was refused as ${code}`),
    ...(isRefusedInTime ? [`${keyOf(event)} was refused as expired before its hold was over`] : []),
  ];
}

function told({ tries }: RecordedEvent): string {
  return tries.map(({ verdict, code }) => code ?? verdict ?? 'no answer').join(', ');
}
