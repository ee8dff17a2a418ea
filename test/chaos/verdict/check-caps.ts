import type { Check } from './check.js';
import type { Stored, StoredCap, StoredEvent } from './stored.js';

/**
 * Caps by a naive count that shares nothing with the product: all impressions of a member, each taken as the end of a
 * rolling window (t − w, t], or by its calendar day.
 */
const UNIT_SECONDS: Readonly<Record<string, number>> = { minute: 60, hour: 3_600, day: 86_400, week: 604_800 };

export function checkCaps({ events, campaigns, adGroups }: Stored): Check {
  const impressions = events.filter(({ type }) => type === 'impression');
  const zones = new Map(campaigns.map(({ id, timeZone }) => [id, timeZone]));
  const rules = [
    ...campaigns.flatMap(({ id, caps }) => caps.map((cap) => ({ id, cap, zone: zones.get(id) ?? '' }))),
    ...adGroups.flatMap(({ id, campaignId, caps }) =>
      caps.map((cap) => ({ id, cap, zone: zones.get(campaignId) ?? '' })),
    ),
  ];
  let looked = 0;
  let full = 0;
  const breaches: string[] = [];
  for (const { id, cap, zone } of rules) {
    const own = impressions.filter(({ campaignId, adGroupId }) => campaignId === id || adGroupId === id);
    for (const [memberId, seen] of groupByMember(own)) {
      looked += 1;
      const most = mostInAWindow(
        seen.map(({ occurredAt }) => occurredAt),
        cap,
        zone,
      );
      if (most === cap.limit) full += 1;
      if (most > cap.limit) breaches.push(`${memberId} saw ${id} ${most} times in ${JSON.stringify(cap.window)}`);
    }
  }
  return { name: 'Caps: no window holds more than its limit', looked, breaches, figure: `${full} were full` };
}

export function mostInAWindow(times: readonly number[], { window }: StoredCap, zone: string): number {
  if (window === 'lifetime') return times.length;
  const lengthMs = window.length * (UNIT_SECONDS[window.unit] ?? NaN) * 1000;
  if (window.kind === 'rolling') {
    return Math.max(0, ...times.map((end) => times.filter((at) => at > end - lengthMs && at <= end).length));
  }
  if (window.unit !== 'day' || window.length !== 1) throw new Error('The catalogue has no such calendar window');
  const dates = times.map((at) => new Date(at).toLocaleDateString('en-CA', { timeZone: zone }));
  return Math.max(0, ...dates.map((date) => dates.filter((other) => other === date).length));
}

function groupByMember(events: readonly StoredEvent[]): ReadonlyMap<string, readonly StoredEvent[]> {
  const groups = new Map<string, StoredEvent[]>();
  for (const event of events) groups.set(event.memberId, [...(groups.get(event.memberId) ?? []), event]);
  return groups;
}
