import { limitsLoad, type LoadRules } from '../../core/auction/member-load.js';
import { CAP_SCOPES, type CapScope } from '../../core/capping/cap-scope.js';
import { windowStart } from '../../core/capping/cap-window.js';
import { capKey } from '../../core/capping/record-caps.js';
import { wideKey } from './exposure-keys.js';

/** A cap with the first instant that counts, as `countsFrom` gives it: of a rolling window, before each request. */
export interface CapAt {
  readonly from: number;
  readonly limit: number;
}

export interface HoldCap extends CapAt {
  readonly scope: Exclude<CapScope, 'creative' | 'placement'>;
}

export interface HoldAdGroup {
  readonly adGroupId: string;
  readonly campaignId: string;
  readonly advertiserId: string;
  readonly caps: readonly HoldCap[];
  readonly categories: readonly string[];
}

/** An ad group or a creative as hold.lua reads it: written once, and offered as often as it is a candidate. */
export interface HoldText {
  readonly json: string;
  /** The widest that has caps, counted from 1; 0: none has. */
  readonly cappedScope: number;
}

export interface HoldCandidate {
  readonly adGroup: HoldText;
  /** In the order in which they are to be tried. */
  readonly creatives: readonly HoldText[];
  /** Given back with the answer, behind the id of the creative that was taken, also for a repeated request. */
  readonly ticket: string;
}

const CREATIVE_SCOPE = CAP_SCOPES.indexOf('creative') + 1;
const AD_GROUP_SCOPE = CAP_SCOPES.indexOf('adGroup') + 1;

export function writeHoldAdGroup({ adGroupId, campaignId, advertiserId, caps, categories }: HoldAdGroup): HoldText {
  // Scopes are counted from 1 in Lua.
  const counted = caps.map(({ scope, from, limit }) => [CAP_SCOPES.indexOf(scope) + 1, from, limit] as const);
  const parts = [capKey(adGroupId), capKey(campaignId), capKey(advertiserId), counted, categories];
  return { json: JSON.stringify(parts), cappedScope: Math.max(0, ...counted.map(([scope]) => scope)) };
}

export function writeHoldCreative(creativeId: string, caps: readonly CapAt[]): HoldText {
  const json = JSON.stringify([capKey(creativeId), creativeId, caps.map(toWire)]);
  return { json, cappedScope: caps.length > 0 ? CREATIVE_SCOPE : 0 };
}

export interface HoldRequest {
  readonly memberId: string;
  /** Null: the caller gave none, so the request can't come again. */
  readonly requestId: string | null;
  readonly decisionId: string;
  readonly now: number;
  readonly expiresAt: number;
  /** Given back with the answer, also for a repeated request. */
  readonly frame: string;
  readonly wanted: number;
  readonly allowsRepeats: boolean;
  readonly load: LoadRules;
  readonly placement: string;
  readonly placementCaps: readonly CapAt[];
  /** No cap and no load rule in use anywhere counts single impressions from before this, epoch ms. */
  readonly keepFrom: number;
  readonly candidates: readonly HoldCandidate[];
  /** Nothing further could be offered. */
  readonly isLast: boolean;
}

/** In which life of the state the request is meant, and what is known of it. */
export interface HoldInstant {
  readonly epochId: string;
  readonly settledUntil: number;
  /** Holds of a lost life may be open: whatever has caps waits. */
  readonly isQuarantined: boolean;
}

/**
 * The longest hold, its settlement, and a margin: an impression is listed by itself at least until all is over that can
 * happen to it, so that it is never counted twice and never missed between Postgres and Redis.
 */
const LEAST_KEPT_MS = 3 * 86_400_000;

/** A state that nobody asked for in this time is dropped; the next request rebuilds it from Postgres. */
export const STATE_TTL_MS = 48 * 3_600_000;

const DAY = { length: 1, unit: 'day', kind: 'rolling' } as const;

/** From when on single impressions are to be listed. */
export function keepFromOf({ now, keepFrom }: Pick<HoldRequest, 'now' | 'keepFrom'>): number {
  return Math.min(keepFrom, now - LEAST_KEPT_MS);
}

/** The request as hold.lua takes it, and its candidates, a line each: Lua reads as many as it needs. */
export function holdArguments(request: HoldRequest, instant: HoldInstant): [request: string, candidates: string] {
  const { isQuarantined } = instant;
  const mayServe = !isQuarantined || (request.placementCaps.length === 0 && !limitsLoad(request.load));
  // None that is offered could be held.
  if (!mayServe) return [toJson({ ...request, isLast: true }, instant), ''];
  const lines = request.candidates.map(isQuarantined ? toUncappedLine : toLine);
  return [toJson(request, instant), lines.join('\n')];
}

function toJson(request: HoldRequest, { epochId, settledUntil }: HoldInstant): string {
  return JSON.stringify({
    epoch: epochId,
    now: request.now,
    settledUntil,
    keepFrom: keepFromOf(request),
    ttlMs: STATE_TTL_MS,
    requestKey: request.requestId === null ? undefined : wideKey(request.requestId),
    decisionId: request.decisionId,
    decisionKey: wideKey(request.decisionId),
    expiresAt: request.expiresAt,
    frame: request.frame,
    wanted: request.wanted,
    allowsRepeats: request.allowsRepeats,
    load: limitsLoad(request.load) ? toLoad(request.load, request.now) : undefined,
    placement: capKey(request.placement),
    placementCaps: request.placementCaps.map(toWire),
    isLast: request.isLast,
  });
}

/** Without what has caps; where nothing is left, its verdict alone. */
function toUncappedLine(candidate: HoldCandidate): string {
  const { adGroup } = candidate;
  if (adGroup.cappedScope > 0) return String(adGroup.cappedScope);
  const creatives = candidate.creatives.filter(({ cappedScope }) => cappedScope === 0);
  return creatives.length === 0 ? String(AD_GROUP_SCOPE) : toLine({ ...candidate, creatives });
}

function toLine({ adGroup, creatives, ticket }: HoldCandidate): string {
  return `[${adGroup.json},[${creatives.map(({ json }) => json).join(',')}],${JSON.stringify(ticket)}]`;
}

function toWire({ from, limit }: CapAt): readonly [number, number] {
  return [from, limit];
}

/** Undefined where a rule does not limit: JSON leaves it out. */
function toLoad(rules: LoadRules, now: number) {
  const gapFrom = (seconds: number | null): number | undefined => (seconds === null ? undefined : now - seconds * 1000);
  return {
    dayFrom: windowStart(DAY, now, 'UTC'),
    memberMost: rules.maxPerMemberPerDay ?? undefined,
    memberGapFrom: gapFrom(rules.minGapSeconds),
    advertiserMost: rules.maxPerAdvertiserPerDay ?? undefined,
    advertiserGapFrom: gapFrom(rules.minAdvertiserGapSeconds),
  };
}
