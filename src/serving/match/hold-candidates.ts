import type { Contender } from '../../core/auction/price.js';
import { type BoundCaps, PLACEMENT_ZONE } from '../../core/capping/cap-scope.js';
import { countsFrom, windowEnd } from '../../core/capping/cap-window.js';
import type { FrequencyCap } from '../../core/capping/frequency-cap.js';
import { adGroupCapLists, creativesInTurn } from '../../core/capping/record-caps.js';
import type { AdGroupRecord, CreativeRecord } from '../../core/index/ad-group-record.js';
import type { Scored } from '../../core/index/candidate.js';
import type { MatchRequest } from '../../core/index/match-request.js';
import { ecpmMicros, PRIOR_CTR } from '../../core/scoring/score.js';
import {
  type CapAt,
  type HoldCandidate,
  type HoldText,
  writeHoldAdGroup,
  writeHoldCreative,
} from '../../delivery/delivery.api.js';

/**
 * What a decision needs of a candidate once it is held. It is kept with the holds, so that a repeated request gets the same
 * messages at the same prices although bids may have changed.
 */
export interface Ticket {
  readonly adGroupId: string;
  readonly creativeId: string;
  readonly score: number;
  readonly contender: Contender;
}

export function toHoldCandidate(scored: Scored, request: MatchRequest): HoldCandidate {
  const { record, rate, ctr } = scored.candidate;
  const contender = { bid: record.bid, rate, ctr, quality: scored.relevance * scored.pacing };
  const { adGroup, creatives } = writtenAt(record, request.now);
  return {
    adGroup,
    creatives: offeredCreatives(record, request).flatMap((creative) => creatives.get(creative) ?? []),
    ticket: writeTicket(record.id, contender),
  };
}

/** No part holds a space; numbers are read back as they were. Without a predicted CTR it is a cpm bid's, which needs none. */
function writeTicket(adGroupId: string, { bid, rate, ctr, quality }: Contender): string {
  const ticket = `${adGroupId} ${bid.amountMicros} ${rate} ${quality}`;
  return bid.model === 'cpm' ? ticket : `${ticket} ${ctr}`;
}

/** A ticket as it comes back, behind the id of the creative that was taken. */
export function readTicket(text: string): Ticket {
  const [creativeId = '', adGroupId = '', amountMicros, rate, quality, ctr] = text.split(' ');
  const bid = { model: ctr === undefined ? 'cpm' : 'cpc', amountMicros: Number(amountMicros) } as const;
  const contender = {
    bid,
    rate: Number(rate),
    ctr: ctr === undefined ? PRIOR_CTR : Number(ctr),
    quality: Number(quality),
  };
  return { adGroupId, creativeId, score: scoreOf(contender), contender };
}

/** As it was ranked: by the same factors in the same order. */
function scoreOf({ bid, rate, ctr, quality }: Contender): number {
  return ecpmMicros(bid.model, bid.amountMicros, ctr) * rate * quality;
}

/** The placement's caps with the instants from which they count. */
export function placementCapsAt(caps: readonly FrequencyCap[], now: number): readonly CapAt[] {
  return caps.map((cap) => capAt(cap, now, PLACEMENT_ZONE));
}

/** An ad group with its creatives as the holds read them, while time is from `from` to before `until`, epoch ms. */
interface Written {
  readonly adGroup: HoldText;
  readonly creatives: ReadonlyMap<CreativeRecord, HoldText>;
  readonly from: number;
  readonly until: number;
}

/** Nearly all that is offered was offered a moment ago. */
const written = new WeakMap<AdGroupRecord, Written>();

function writtenAt(record: AdGroupRecord, now: number): Written {
  const known = written.get(record);
  if (known !== undefined && known.from <= now && now < known.until) return known;
  const fresh = write(record, now);
  written.set(record, fresh);
  return fresh;
}

function write(record: AdGroupRecord, now: number): Written {
  const { id, campaignId, advertiserId, categories, creatives, timeZone } = record;
  const caps = adGroupCapLists(record).flatMap((list) =>
    list.caps.map((cap) => ({ scope: list.scope, ...capAt(cap, now, timeZone) })),
  );
  const all = [...adGroupCapLists(record), ...creatives].flatMap((limited) => limited.caps);
  const starts = all.map(({ window }) => countsFrom(window, now, timeZone));
  const ends = all.map(({ window }) => windowEnd(window, now, timeZone) ?? Infinity);
  return {
    adGroup: writeHoldAdGroup({ adGroupId: id, campaignId, advertiserId, caps, categories }),
    creatives: new Map(
      creatives.map((one) => [
        one,
        writeHoldCreative(
          one.id,
          one.caps.map((cap) => capAt(cap, now, timeZone)),
        ),
      ]),
    ),
    // Lengths are below 0: before any request.
    from: Math.max(-Infinity, ...starts),
    until: Math.min(Infinity, ...ends),
  };
}

/** Up to the first without caps of its own: those behind it could not be reached. `firstFailure` has seen that one suits. */
function offeredCreatives(record: AdGroupRecord, request: MatchRequest): readonly CreativeRecord[] {
  const inTurn = creativesInTurn(record, request);
  const last = inTurn.findIndex(({ caps }) => caps.length === 0);
  return last < 0 ? inTurn : inTurn.slice(0, last + 1);
}

function capAt({ window, limit }: FrequencyCap, now: number, zone: BoundCaps['zone']): CapAt {
  return { from: countsFrom(window, now, zone), limit };
}
