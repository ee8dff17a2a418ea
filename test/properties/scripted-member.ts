import { expect } from '@jest/globals';
import type { Redis } from 'ioredis';
import { capReachMs } from '../../src/core/capping/cap-reach.js';
import { type BoundCaps, CAP_SCOPES, PLACEMENT_ZONE } from '../../src/core/capping/cap-scope.js';
import { countsFrom, windowStart } from '../../src/core/capping/cap-window.js';
import {
  type CountedImpression,
  type Exposure,
  isCapped,
  type OpenHold,
  roomOf,
} from '../../src/core/capping/exposure.js';
import type { FrequencyCap } from '../../src/core/capping/frequency-cap.js';
import { confirmArguments } from '../../src/delivery/exposure/confirm-arguments.js';
import { wideKey } from '../../src/delivery/exposure/exposure-keys.js';
import type { RebuiltExposure } from '../../src/delivery/exposure/exposure-rebuild.js';
import {
  type CapAt,
  holdArguments,
  type HoldInstant,
  type HoldRequest,
  keepFromOf,
  writeHoldAdGroup,
  writeHoldCreative,
} from '../../src/delivery/exposure/hold-request.js';
import { rebuiltOf, toMessage } from './exposure-entries.js';

export type Step =
  | { readonly kind: 'wait'; readonly ms: number }
  | {
      readonly kind: 'match';
      readonly order: readonly number[];
      readonly placement: string;
      readonly wanted: number;
      readonly isLast: boolean;
      readonly requestId: string | null;
      readonly holdMs: number;
      readonly settlesMeanwhile: boolean;
    }
  /** By its maker, who has given nobody anything of it. */
  | { readonly kind: 'forget'; readonly which: number }
  | { readonly kind: 'show'; readonly which: number; readonly lateness: number }
  | { readonly kind: 'settle'; readonly most: number; readonly twice: boolean }
  | { readonly kind: 'lose'; readonly how: string };

type Match = Extract<Step, { kind: 'match' }>;

const OWNERS = ['adGroup', 'campaign', 'advertiser'] as const;

export interface Offer {
  readonly adGroup: string;
  readonly campaign: string;
  readonly advertiser: string;
  readonly creatives: readonly string[];
  /** After a loss: what has caps. */
  readonly waits?: (typeof OWNERS)[number];
}

/** Caps by the id of what they limit. */
export type CapsById = Readonly<Record<string, readonly FrequencyCap[]>>;

interface Shown extends CountedImpression {
  readonly receivedAt: number;
}

interface Placed extends OpenHold {
  readonly decidedAt: number;
}

interface Decided {
  readonly requestId: string | null;
  readonly expiresAt: number;
  readonly decisionId: string;
  readonly held: number;
  readonly tickets: readonly string[];
  isRepeated: boolean;
}

interface Answer {
  readonly status: 'held' | 'repeated' | 'short' | 'unknown';
  readonly decisionId?: string;
  readonly held?: number;
  readonly tickets?: readonly string[];
  /** Of who was offered, a digit each; see hold.lua. */
  readonly verdicts?: string;
}

export const ZONE = 'Asia/Seoul';
const LONGEST_HOLD_MS = 3_600_000;
const LONGEST_LAG_MS = 24 * 3_600_000;
const UNLIMITED = {
  maxPerMemberPerDay: null,
  minGapSeconds: null,
  maxPerAdvertiserPerDay: null,
  minAdvertiserGapSeconds: null,
};

/** One member's life twice: in Redis by the scripts, and in plain lists by `isCapped`. `match` compares them. */
export class ScriptedMember {
  /** Accepted impressions, in the order in which they came: what Postgres knows. */
  readonly counted: Shown[] = [];
  /** How often a state was there and did not reach back far enough. */
  tooShort = 0;
  /** How often a decision was taken back, and how often it could not be. */
  readonly forgotten = { done: 0, refused: 0 };
  private placed: Placed[] = [];
  /** What the scripts may know: holds of this life, and impressions that were confirmed or read when it began. */
  private holds: Placed[] = [];
  private known = new Set<string>();
  private decisions: Decided[] = [];
  private isBuilt = false;
  /** From when on the state lists impressions, at the earliest. */
  private listedFrom = 0;
  private settled = 0;
  private settledUntil: number;
  private quarantinedUntil = 0;
  private epoch = 1;
  private serial = 0;

  constructor(
    private readonly redis: Redis,
    private readonly key: string,
    private readonly offers: readonly Offer[],
    private readonly caps: CapsById,
    private nowMs: number,
  ) {
    this.settledUntil = nowMs;
  }

  /** Later ones sort after earlier ones. */
  private get epochId(): string {
    return String(this.epoch).padStart(6, '0');
  }

  async take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'wait':
        // Settlement may lag behind, but not for as long as impressions are listed at the least.
        if (step.ms > LONGEST_LAG_MS) await this.settle(Infinity, false);
        this.nowMs += step.ms;
        return;
      case 'match':
        return this.match(step);
      case 'forget':
        return this.forget(step.which);
      case 'show':
        return this.show(step.which, step.lateness);
      case 'settle':
        return this.settle(step.most, step.twice);
      case 'lose':
        return this.lose(step.how);
    }
  }

  private async match(step: Match): Promise<void> {
    const decisionId = `D${this.serial++}`;
    const offered = step.order.flatMap((i) => this.offers[i] ?? []);
    const request = this.toRequest(step, decisionId, offered);
    // As the store does, the second call goes with what was settled at the first, whatever was settled meanwhile.
    const instant = this.instant();
    const call = holdArguments(request, instant);
    let answer = JSON.parse(await this.redis.holdMessages(this.key, ...call)) as Answer;
    if (!this.isBuilt) expect(answer.status).toBe('unknown');
    if (answer.status === 'unknown') {
      if (this.isBuilt) {
        expect(this.earliestRead(step, offered)).toBeLessThan(Math.max(this.listedFrom, keepFromOf(request)));
        this.tooShort += 1;
      }
      const rebuilt = this.readDatabase(keepFromOf(request));
      if (step.settlesMeanwhile) {
        this.show(0, 100);
        await this.settle(Infinity, false);
      }
      answer = JSON.parse(
        await this.redis.holdMessages(this.key, ...call, JSON.stringify(rebuilt), Number.MAX_SAFE_INTEGER),
      ) as Answer;
      this.isBuilt = true;
      this.listedFrom = rebuilt.from;
    }
    const expected = this.expected(step, decisionId, offered, instant);
    if (expected.status !== 'short') this.listedFrom = Math.max(this.listedFrom, keepFromOf(request));
    const { status, decisionId: decidedAs, held, tickets, verdicts } = answer;
    // An empty Lua table is written as an object.
    const decision = { decisionId: decidedAs, held, tickets: Array.isArray(tickets) ? tickets : [] };
    expect(status === 'short' ? { status, verdicts } : { status, ...decision }).toEqual(expected);
  }

  private instant(): HoldInstant {
    const { epochId, settledUntil, quarantinedUntil } = this;
    return { epochId, settledUntil, isQuarantined: settledUntil < quarantinedUntil };
  }

  private capsOf(id: string): readonly FrequencyCap[] {
    return this.caps[id] ?? [];
  }

  /** After a loss, holds may be open that nobody knows of: whatever has caps waits until none of them can be any more. */
  private uncapped(offer: Offer): Offer {
    const waits = OWNERS.findLast((scope) => this.capsOf(offer[scope]).length > 0);
    if (waits !== undefined) return { ...offer, creatives: [], waits };
    const creatives = offer.creatives.filter((id) => this.capsOf(id).length === 0);
    return creatives.length === 0 ? { ...offer, creatives, waits: 'adGroup' } : { ...offer, creatives };
  }

  private expected(step: Match, decisionId: string, offered: readonly Offer[], instant: HoldInstant): Answer {
    const repeated = this.decisions.find(
      (d) => d.requestId !== null && d.requestId === step.requestId && d.expiresAt > this.nowMs,
    );
    if (repeated !== undefined) {
      repeated.isRepeated = true;
      const { decisionId: first, held, tickets } = repeated;
      return { status: 'repeated', decisionId: first, held, tickets };
    }
    const exposure = {
      impressions: this.counted.filter(({ messageId }) => this.known.has(messageId)),
      holds: this.holds,
    };
    const { settledUntil, isQuarantined } = instant;
    const ofPlacement = this.bound('placement', step.placement);
    const room = roomOf(exposure, ofPlacement, this.nowMs, settledUntil);
    const places = Math.min(step.wanted, room);
    if (places < step.wanted && places === 0) {
      if (!isQuarantined || ofPlacement.caps.length === 0) return { status: 'held', decisionId, held: 0, tickets: [] };
    }
    const mayServe = !isQuarantined || ofPlacement.caps.length === 0;
    const served = isQuarantined ? offered.map((one) => this.uncapped(one)) : offered;
    const at = { decisionId, places, settledUntil };
    const { taken, tickets, verdicts } = this.choose(step, at, mayServe ? served : [], exposure);
    const isLast = step.isLast || !mayServe;
    if (tickets.length <= places && !isLast && !(places < step.wanted && places === 0))
      return { status: 'short', verdicts: verdicts.join('') };
    this.holds.push(...taken);
    this.placed.push(...taken);
    const decision = { decisionId, held: taken.length, tickets };
    if (taken.length > 0) {
      const { requestId, holdMs } = step;
      this.decisions.push({ ...decision, requestId, expiresAt: this.nowMs + holdMs, isRepeated: false });
    }
    return { status: 'held', ...decision };
  }

  private choose(
    step: Match,
    { decisionId, places, settledUntil }: { decisionId: string; places: number; settledUntil: number },
    offered: readonly Offer[],
    exposure: Exposure,
  ): { taken: Placed[]; tickets: string[]; verdicts: number[] } {
    const taken: Placed[] = [];
    const tickets: string[] = [];
    const verdicts: number[] = [];
    const advertisers = new Set<string>();
    for (const offer of offered) {
      const seen = { ...exposure, holds: [...exposure.holds, ...taken] };
      const fullOf = (bound: readonly BoundCaps[]) => isCapped(seen, bound, this.nowMs, settledUntil)?.scope;
      const { creatives, waits, ...owners } = offer;
      const scopes = OWNERS.map((scope) => this.bound(scope, owners[scope]));
      const full = waits ?? (advertisers.has(offer.advertiser) ? 'advertiser' : fullOf(scopes));
      const creative = creatives.find((id) => fullOf([this.bound('creative', id)]) === undefined);
      if (full !== undefined || creative === undefined) {
        verdicts.push(CAP_SCOPES.indexOf(full ?? 'adGroup') + 1);
        continue;
      }
      verdicts.push(1);
      advertisers.add(offer.advertiser);
      tickets.push(`${creative} ticket of ${offer.adGroup}`);
      if (taken.length === places) break;
      const messageId = `${decisionId}.${taken.length + 1}`;
      const of = { ...owners, creative, placement: step.placement };
      taken.push({ messageId, of, decidedAt: this.nowMs, expiresAt: this.nowMs + step.holdMs });
    }
    return { taken, tickets, verdicts };
  }

  private bound(scope: BoundCaps['scope'], key: string): BoundCaps {
    return { scope, key, caps: this.capsOf(key), zone: scope === 'placement' ? PLACEMENT_ZONE : ZONE };
  }

  /** Kept is only what this request reads itself, so that others find too little. */
  private toRequest(step: Match, decisionId: string, offered: readonly Offer[]): HoldRequest {
    const read = [step.placement, ...offered.flatMap(idsOf)];
    const at = (id: string, zone = ZONE): CapAt[] =>
      this.capsOf(id).map(({ window, limit }) => ({ limit, from: countsFrom(window, this.nowMs, zone) }));
    return {
      memberId: '',
      requestId: step.requestId,
      decisionId,
      now: this.nowMs,
      expiresAt: this.nowMs + step.holdMs,
      frame: '',
      wanted: step.wanted,
      allowsRepeats: false,
      load: UNLIMITED,
      placement: step.placement,
      placementCaps: at(step.placement, PLACEMENT_ZONE),
      keepFrom: this.nowMs - Math.max(...read.map((id) => capReachMs(this.capsOf(id)))),
      isLast: step.isLast,
      candidates: offered.map((offer) => ({
        adGroup: writeHoldAdGroup({
          adGroupId: offer.adGroup,
          campaignId: offer.campaign,
          advertiserId: offer.advertiser,
          caps: (['adGroup', 'campaign', 'advertiser'] as const).flatMap((scope) =>
            at(offer[scope]).map((cap) => ({ scope, ...cap })),
          ),
          categories: [],
        }),
        creatives: offer.creatives.map((creativeId) => writeHoldCreative(creativeId, at(creativeId))),
        ticket: `ticket of ${offer.adGroup}`,
      })),
    };
  }

  /** The earliest instant from which a timed cap of the request counts. */
  private earliestRead({ placement }: Match, offered: readonly Offer[]): number {
    const starts = (id: string, zone: string): number[] =>
      this.capsOf(id).flatMap(({ window }) => (window === 'lifetime' ? [] : windowStart(window, this.nowMs, zone)));
    return Math.min(
      Infinity,
      ...starts(placement, PLACEMENT_ZONE),
      ...offered.flatMap(idsOf).flatMap((id) => starts(id, ZONE)),
    );
  }

  /** Every accepted impression, settled or not. */
  private readDatabase(from: number): RebuiltExposure {
    for (const { messageId } of this.counted) this.known.add(messageId);
    return rebuiltOf(this.counted, from);
  }

  private async forget(which: number): Promise<void> {
    const decision = this.decisions[which % Math.max(this.decisions.length, 1)];
    if (decision === undefined) return;
    const { decisionId, requestId, held, expiresAt, isRepeated } = decision;
    const isOfIt = ({ messageId }: { readonly messageId: string }): boolean => messageId.startsWith(`${decisionId}.`);
    // Only a repeat can have given it.
    if (!isRepeated && this.counted.some(isOfIt)) return;
    const places = Array.from({ length: held }, (_, i) => i + 1);
    const isRepeatable = requestId !== null;
    const forgotten = { decisionId, decisionKey: wideKey(decisionId), places, isRepeatable };
    const answer = await this.redis.forgetDecision(this.key, this.epochId, JSON.stringify(forgotten));
    if (isRepeated) {
      expect(answer).toBe(0);
      this.forgotten.refused += 1;
      return;
    }
    // One that may be asked for again is not kept once it is over; then nobody knows whether it was.
    if (!isRepeatable || expiresAt > this.nowMs) expect(answer).toBe(1);
    if (answer !== 1) return;
    this.forgotten.done += 1;
    this.decisions = this.decisions.filter((one) => one !== decision);
    this.holds = this.holds.filter((hold) => !isOfIt(hold));
    this.placed = this.placed.filter((hold) => !isOfIt(hold));
  }

  /** Of the messages that may still be shown, also those whose hold was lost. `lateness`: percent of the time since. */
  private show(which: number, lateness: number): void {
    const open = this.placed.filter(
      ({ messageId, expiresAt }) => expiresAt > this.nowMs && !this.counted.some((one) => one.messageId === messageId),
    );
    const hold = open[which % Math.max(open.length, 1)];
    if (hold === undefined) return;
    const { messageId, of, decidedAt } = hold;
    const at = this.nowMs - Math.floor(((100 - lateness) / 100) * (this.nowMs - decidedAt));
    this.counted.push({ messageId, of, at, receivedAt: this.nowMs });
  }

  private async settle(most: number, twice: boolean): Promise<void> {
    const batch = this.counted.slice(this.settled, this.settled + most);
    for (let i = 0; i < (twice ? 2 : 1) && batch.length > 0; i++) {
      await this.redis.confirmImpressions(...confirmArguments(this.epochId, [[this.key, batch.map(toMessage)]]));
    }
    this.settled += batch.length;
    for (const { messageId } of batch) this.known.add(messageId);
    this.settledUntil = Math.max(this.settledUntil, this.counted[this.settled]?.receivedAt ?? this.nowMs);
  }

  private async lose(how: string): Promise<void> {
    if (how === 'key') await this.redis.del(this.key);
    this.epoch += 1;
    this.holds = [];
    this.decisions = [];
    this.known = new Set();
    this.isBuilt = false;
    this.quarantinedUntil = this.nowMs + LONGEST_HOLD_MS;
  }
}

function idsOf({ adGroup, campaign, advertiser, creatives }: Offer): readonly string[] {
  return [adGroup, campaign, advertiser, ...creatives];
}
