import { createHash } from 'node:crypto';
import { USER_ID_PATTERN } from '../../profiles/profiles.api.js';
import type { AuctionRequest } from './auction-request.js';
import type { Place } from './place.js';

/**
 * What a first reading of a log collects: its members with their interests, and what its requests have in common, for the
 * campaigns to aim at. Memory grows with the members and the verticals, not with the requests.
 */
interface MemberFacts {
  readonly weights: Map<number, number>;
  place: Place;
  language: string | null;
}

/** A line of `profiles/bulk`. */
export interface MemberProfile {
  readonly userId: string;
  readonly interests: Readonly<Record<string, number>>;
  readonly country?: string;
  readonly region?: string;
  readonly language?: string;
  readonly timeZone?: string;
  readonly consent: { readonly personalized: true; readonly nightTime: true };
}

/** A profile takes no more; a label that many people share, such as the one of blocked cookies, has more. */
const MAX_INTERESTS = 500;

export class LogFacts {
  requests = 0;
  malformedLines = 0;
  /** Epoch ms. */
  firstAt = Infinity;
  lastAt = 0;
  private readonly people = new Map<string, MemberFacts>();
  private readonly verticals = new Map<number, number>();
  private readonly regions = new Map<string, number>();
  private readonly systems = new Map<string, number>();

  add(request: AuctionRequest): void {
    this.requests++;
    this.firstAt = Math.min(this.firstAt, request.at);
    this.lastAt = Math.max(this.lastAt, request.at);
    for (const [id] of request.verticals) count(this.verticals, id);
    if (request.place.region !== undefined) count(this.regions, request.place.region);
    if (request.device.os !== undefined) count(this.systems, request.device.os);
    if (request.user !== null) this.addMember(memberIdOf(request), request);
  }

  get members(): number {
    return this.people.size;
  }

  /** Ids, the most frequent first; so are regions and operating systems. */
  verticalsByFrequency(): readonly number[] {
    return byFrequency(this.verticals);
  }

  regionsByFrequency(): readonly string[] {
    return byFrequency(this.regions);
  }

  systemsByFrequency(): readonly string[] {
    return byFrequency(this.systems);
  }

  *profiles(): Generator<MemberProfile, void, undefined> {
    for (const [userId, { weights, place, language }] of this.people) {
      const strongest = [...weights].sort(([, a], [, b]) => b - a).slice(0, MAX_INTERESTS);
      yield {
        userId,
        interests: Object.fromEntries(strongest.map(([id, weight]) => [segmentOf(id), weight])),
        ...place,
        ...(language === null ? {} : { language }),
        consent: { personalized: true, nightTime: true },
      };
    }
  }

  /** Of several requests, the strongest weight and the last place and language count. */
  private addMember(userId: string, { verticals, place, language }: AuctionRequest): void {
    const member = this.people.get(userId) ?? { weights: new Map<number, number>(), place: {}, language: null };
    for (const [id, weight] of verticals) member.weights.set(id, Math.max(weight, member.weights.get(id) ?? 0));
    if (place.country !== undefined) member.place = place;
    member.language = language ?? member.language;
    this.people.set(userId, member);
  }
}

/** The segment of a vertical of the exchange. */
export function segmentOf(vertical: number): string {
  return `vertical.${vertical}`;
}

/** Apart from other members of the instance; whom the exchange did not know is somebody else in each request. */
export function memberIdOf({ user, id }: Pick<AuctionRequest, 'user' | 'id'>): string {
  const label = user === null ? `request-${id}` : user;
  const userId = `replay:${label}`;
  return USER_ID_PATTERN.test(userId)
    ? userId
    : `replay:${createHash('sha256').update(label).digest('hex').slice(0, 32)}`;
}

function count<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** Ties in the order of the keys' texts, so that the order does not depend on the log's. */
function byFrequency<K extends string | number>(counts: ReadonlyMap<K, number>): readonly K[] {
  return [...counts]
    .sort(([a, countOfA], [b, countOfB]) => countOfB - countOfA || (String(a) < String(b) ? -1 : 1))
    .map(([key]) => key);
}
