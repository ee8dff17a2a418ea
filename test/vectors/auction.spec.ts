import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { loadRoom, type LoadRules } from '../../src/core/auction/member-load.js';
import { type FullScopeOf, pricesOf, selectWinners } from '../../src/core/auction/select-winners.js';
import { type Entrant, idOf, scoredEntrant, UNLIMITED } from '../properties/arbitraries/auction.js';

interface VectorEntrant extends Entrant {
  /** Its caps are full. */
  readonly capped?: boolean;
  /** How many messages its campaign may still have. */
  readonly cap?: number;
}

interface Vector {
  readonly name: string;
  readonly rules: {
    readonly wanted: number;
    readonly allowsRepeats?: boolean;
    readonly floorMicros?: number;
  } & Partial<LoadRules>;
  readonly candidates: readonly VectorEntrant[];
  readonly impressions?: readonly { readonly advertiser: string; readonly secondsAgo: number }[];
  readonly holds?: readonly {
    readonly advertiser: string;
    readonly decidedSecondsAgo: number;
    readonly expiresInSeconds: number;
  }[];
  readonly expected: {
    readonly winners: readonly string[];
    readonly runnerUp: string | null;
    readonly prices: readonly number[];
  };
}

const { auctions } = JSON.parse(readFileSync(new URL('./auction.json', import.meta.url), 'utf8')) as {
  readonly auctions: readonly Vector[];
};

const NOW = Date.parse('2026-11-22T03:00:00Z');

function messagesOf({ impressions = [], holds = [] }: Vector) {
  return {
    impressions: impressions.map(({ advertiser, secondsAgo }) => ({
      advertiserId: advertiser,
      at: NOW - secondsAgo * 1000,
    })),
    holds: holds.map(({ advertiser, decidedSecondsAgo, expiresInSeconds }) => ({
      advertiserId: advertiser,
      decidedAt: NOW - decidedSecondsAgo * 1000,
      expiresAt: NOW + expiresInSeconds * 1000,
    })),
    settledUntil: NOW,
  };
}

function capsOf(entrants: readonly VectorEntrant[]): FullScopeOf {
  const byId = new Map(entrants.map((entrant) => [entrant.id, entrant]));
  return ({ id, campaignId }, winners) => {
    const { capped = false, cap = Infinity } = byId.get(id) ?? {};
    if (capped) return 'adGroup';
    return winners.filter(({ candidate }) => candidate.record.campaignId === campaignId).length >= cap
      ? 'campaign'
      : null;
  };
}

describe('auctions', () => {
  it.each(auctions)('$name', (vector) => {
    const { wanted, allowsRepeats = false, floorMicros = 0, ...load } = vector.rules;
    const ranked = vector.candidates.map(scoredEntrant);
    expect(ranked.map(({ score }) => score)).toEqual(ranked.map(({ score }) => score).sort((a, b) => b - a));
    const room = loadRoom(messagesOf(vector), { ...UNLIMITED, ...load }, NOW);
    const selection = selectWinners(ranked, { wanted, allowsRepeats }, room, capsOf(vector.candidates));
    expect({
      winners: selection.winners.map(idOf),
      runnerUp: selection.runnerUp === null ? null : idOf(selection.runnerUp),
      prices: pricesOf(selection, floorMicros),
    }).toEqual(vector.expected);
  });
});
