import { windowStart } from '../capping/cap-window.js';

/**
 * How much one member may be shown, by the rules of a placement: at most so many messages in 24 hours and none for a while
 * after the last one, of all advertisers together and of each. It is judged by everything that the member saw or was given,
 * whatever the placement. As for frequency caps (`exposure.ts`), a hold is open until everything accepted before its
 * expiry is settled, and open holds count in every window.
 */
export interface LoadRules {
  /** Impressions and open holds in (now − 24 h, now]; null: not limited. */
  readonly maxPerMemberPerDay: number | null;
  /** Seconds since the member's last impression, or the decision of the last open hold; null: none. */
  readonly minGapSeconds: number | null;
  readonly maxPerAdvertiserPerDay: number | null;
  readonly minAdvertiserGapSeconds: number | null;
}

export interface MemberMessages {
  readonly impressions: readonly { readonly advertiserId: string; readonly at: number }[];
  readonly holds: readonly {
    readonly advertiserId: string;
    readonly decidedAt: number;
    readonly expiresAt: number;
  }[];
  /** Every accepted event before it is settled; not later than now. */
  readonly settledUntil: number;
}

/** How many more messages a decision may place: whole, 0 or more; `Infinity` where nothing limits. */
export interface LoadRoom {
  readonly member: number;
  readonly ofAdvertiser: (advertiserId: string) => number;
}

const DAY = { length: 1, unit: 'day', kind: 'rolling' } as const;

interface Tally {
  messages: number;
  lastAt: number;
}

/** Times in epoch ms. Messages of one decision do not keep each other at a distance. O(impressions + holds). */
export function loadRoom(seen: MemberMessages, rules: LoadRules, now: number): LoadRoom {
  const ofMember: Tally = { messages: 0, lastAt: -Infinity };
  const byAdvertiser = new Map<string, Tally>();
  const add = (advertiserId: string, at: number, counts: boolean): void => {
    const ofAdvertiser = byAdvertiser.get(advertiserId) ?? { messages: 0, lastAt: -Infinity };
    byAdvertiser.set(advertiserId, ofAdvertiser);
    for (const tally of [ofMember, ofAdvertiser]) {
      if (counts) tally.messages += 1;
      tally.lastAt = Math.max(tally.lastAt, at);
    }
  };
  const dayFrom = windowStart(DAY, now, 'UTC');
  for (const { advertiserId, at } of seen.impressions) add(advertiserId, at, at >= dayFrom);
  for (const { advertiserId, decidedAt, expiresAt } of seen.holds) {
    if (expiresAt > seen.settledUntil) add(advertiserId, decidedAt, true);
  }
  return {
    member: roomOf(ofMember, rules.maxPerMemberPerDay, rules.minGapSeconds, now),
    ofAdvertiser: (advertiserId) =>
      roomOf(byAdvertiser.get(advertiserId), rules.maxPerAdvertiserPerDay, rules.minAdvertiserGapSeconds, now),
  };
}

/** Whether any rule reads what the member has seen: if so, a member of whom that is not known gets nothing. */
export function limitsLoad(rules: LoadRules): boolean {
  return (
    rules.maxPerMemberPerDay !== null ||
    rules.minGapSeconds !== null ||
    rules.maxPerAdvertiserPerDay !== null ||
    rules.minAdvertiserGapSeconds !== null
  );
}

function roomOf(tally: Tally | undefined, most: number | null, gapSeconds: number | null, now: number): number {
  if (tally !== undefined && gapSeconds !== null && tally.lastAt > now - gapSeconds * 1000) return 0;
  return most === null ? Infinity : Math.max(most - (tally?.messages ?? 0), 0);
}
