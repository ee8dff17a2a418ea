import type { ClientRecord, MatchTry } from '../record.js';
import { type Interval, overlaps } from '../time-line.js';
import type { Check } from './check.js';

/** A decision takes 70 ms at most unless the machine is busy; this is for one that all the run shares. */
const LONGEST_ANSWER_MS = 10_000;
/** After a blow a process has this long to find its feet. */
const RECOVERY_MS = 1_500;
/** Reasons that say nothing of the holds of an earlier answer. */
const NOT_TOLD = new Set(['unavailable', 'deadline']);

/** What decisions were like while things broke. `disturbances`: by API process, when it was away or frozen. */
export function checkMatches(
  record: ClientRecord,
  disturbances: ReadonlyMap<string, readonly Interval[]>,
): readonly Check[] {
  const { matches } = record;
  const undisturbed = matches.filter(
    ({ api, startedAt, endedAt }) => !overlaps(disturbances.get(api) ?? [], startedAt - RECOVERY_MS, endedAt),
  );
  const slow = undisturbed.filter(
    ({ status, startedAt, endedAt }) => status === null || endedAt - startedAt > LONGEST_ANSWER_MS,
  );
  const longest = Math.max(0, ...undisturbed.map(({ startedAt, endedAt }) => endedAt - startedAt));
  const wrong = matches.filter(({ status }) => status !== null && status !== 200);
  return [
    {
      name: 'Matches: never an error, nor one for events but 503',
      looked: matches.length,
      breaches: [...wrong.map((match) => `${match.api} answered ${match.status}`), ...record.serverErrors],
    },
    {
      name: `Matches: answered within ${LONGEST_ANSWER_MS / 1000} s by processes that run`,
      looked: undisturbed.length,
      breaches: slow.map(
        ({ api, status, startedAt, endedAt }) =>
          `${api} took ${endedAt - startedAt} ms (${status ?? 'no answer'}) at ${startedAt}`,
      ),
      figure: `longest ${longest} ms`,
    },
    repeats(record),
  ];
}

/** The same request gets the same messages while its holds live. */
function repeats(record: ClientRecord): Check {
  const byRequest = new Map<string, MatchTry[]>();
  for (const match of record.matches) {
    if (match.status === 200) byRequest.set(match.requestId, [...(byRequest.get(match.requestId) ?? []), match]);
  }
  let looked = 0;
  const breaches: string[] = [];
  for (const tries of byRequest.values()) {
    for (const [i, later] of tries.entries()) {
      const earlier = tries[i - 1];
      if (earlier === undefined || !holdsLive(earlier, later, record.losses)) continue;
      if (later.noFill !== null && NOT_TOLD.has(later.noFill)) continue;
      looked += 1;
      const got = new Set(later.messages.map(({ token }) => token));
      const missing = earlier.messages.filter(
        ({ token, placed }) => !got.has(token) && !record.pausedCampaigns.has(placed.campaignId),
      );
      const known = new Set(earlier.messages.map(({ token }) => token));
      const isMore = later.messages.some(
        ({ token, placed }) => !known.has(token) && !record.pausedCampaigns.has(placed.campaignId),
      );
      if (missing.length > 0 || isMore) {
        breaches.push(
          `${later.requestId} got ${earlier.messages.length} messages of ${earlier.api}, then ${later.messages.length} ` +
            `(${later.noFill ?? 'others'}) of ${later.api} at ${later.startedAt}`,
        );
      }
    }
  }
  return { name: 'Repeated requests get the same messages', looked, breaches };
}

function holdsLive(earlier: MatchTry, later: MatchTry, losses: readonly number[]): boolean {
  const [first] = earlier.messages;
  if (first === undefined || later.endedAt >= first.placed.expiresAt) return false;
  return !losses.some((at) => at >= first.placed.decidedAt - 1_000 && at <= later.endedAt);
}
