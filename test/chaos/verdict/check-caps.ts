import type { Check } from './check.js';
import { localDay } from './local-day.js';
import {
  CAP_SCOPES,
  type CapScope,
  type Stored,
  type StoredCap,
  type StoredCapped,
  type StoredEvent,
} from './stored.js';

/**
 * Caps by a naive count that shares nothing with the product: all impressions of a member, each taken as the end of a
 * rolling window (t − w, t], or by its calendar day.
 */
const UNIT_SECONDS: Readonly<Record<string, number>> = { minute: 60, hour: 3_600, day: 86_400, week: 604_800 };

/** What of an event a cap of each scope goes by. */
const COUNTED_BY: Readonly<Record<CapScope, (event: StoredEvent) => string>> = {
  creative: ({ creativeId }) => creativeId,
  'ad group': ({ adGroupId }) => adGroupId,
  campaign: ({ campaignId }) => campaignId,
  advertiser: ({ advertiserId }) => advertiserId,
  placement: ({ placement }) => placement,
};

/** One check for each scope. */
export function checkCaps({ events, capped }: Stored): readonly Check[] {
  const impressions = events.filter(({ type }) => type === 'impression');
  return CAP_SCOPES.map((scope) => {
    const rules = capped.filter((rule) => rule.scope === scope);
    return checkScope(scope, rules, impressions);
  });
}

function checkScope(scope: CapScope, capped: readonly StoredCapped[], impressions: readonly StoredEvent[]): Check {
  let looked = 0;
  let full = 0;
  const breaches: string[] = [];
  for (const { id, caps, timeZone } of capped) {
    const own = impressions.filter((event) => COUNTED_BY[scope](event) === id);
    for (const [memberId, seen] of groupByMember(own)) {
      const times = seen.map(({ occurredAt }) => occurredAt);
      for (const cap of caps) {
        looked += 1;
        const most = mostInAWindow(times, cap, timeZone);
        if (most === cap.limit) full += 1;
        if (most > cap.limit) breaches.push(`${memberId} saw ${id} ${most} times in ${JSON.stringify(cap.window)}`);
      }
    }
  }
  return { name: `Caps, ${scope}: no window holds more than its limit`, looked, breaches, figure: `${full} were full` };
}

export function mostInAWindow(times: readonly number[], { window }: StoredCap, zone: string): number {
  if (window === 'lifetime') return times.length;
  const lengthMs = window.length * (UNIT_SECONDS[window.unit] ?? NaN) * 1000;
  if (window.kind === 'rolling') {
    return Math.max(0, ...times.map((end) => times.filter((at) => at > end - lengthMs && at <= end).length));
  }
  if (window.unit !== 'day' || window.length !== 1) throw new Error('The catalogue has no such calendar window');
  const dates = times.map((at) => localDay(at, zone));
  return Math.max(0, ...dates.map((date) => dates.filter((other) => other === date).length));
}

function groupByMember(events: readonly StoredEvent[]): ReadonlyMap<string, readonly StoredEvent[]> {
  const groups = new Map<string, StoredEvent[]>();
  for (const event of events) groups.set(event.memberId, [...(groups.get(event.memberId) ?? []), event]);
  return groups;
}
