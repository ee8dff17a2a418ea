import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { arbitrarySegmentId, arbitraryWeight } from '../../../test/properties/arbitraries/targeting.js';
import {
  ecpmMicros,
  HIGHEST_CTR,
  LEAST_CTR,
  LEAST_RELEVANCE,
  predictCtr,
  PRIOR_CTR,
  PRIOR_IMPRESSIONS,
  relevance,
} from './score.js';

const segments = fc.array(arbitrarySegmentId, { maxLength: 5 });
const interests = fc.array(fc.tuple(arbitrarySegmentId, arbitraryWeight)).map((entries) => new Map(entries));

describe('relevance', () => {
  it('lies between the least and 1, and never falls when more segments are named', () => {
    fc.assert(
      fc.property(segments, arbitrarySegmentId, interests, (named, another, weights) => {
        const factor = relevance(named, weights);
        expect(factor).toBeGreaterThanOrEqual(LEAST_RELEVANCE);
        expect(factor).toBeLessThanOrEqual(1);
        expect(relevance([...named, another], weights)).toBeGreaterThanOrEqual(factor);
      }),
    );
  });

  it('grows with the strongest weight among the named segments, from the least up to 1', () => {
    const weights = new Map([
      ['auto.ev', 0.4],
      ['food', 0.8],
      ['travel', 1],
    ]);
    expect(relevance([], weights)).toBe(LEAST_RELEVANCE);
    expect(relevance(['unknown'], weights)).toBe(LEAST_RELEVANCE);
    expect(relevance(['auto.ev'], weights)).toBe(0.7);
    expect(relevance(['auto.ev', 'food'], weights)).toBe(0.9);
    expect(relevance(['travel', 'auto.ev'], weights)).toBe(1);
  });
});

describe('predictCtr', () => {
  it('is the prior at first, and half of the way to what is observed once that weighs as much', () => {
    expect(predictCtr(0, 0)).toBe(PRIOR_CTR);
    expect(predictCtr(PRIOR_IMPRESSIONS, 30)).toBe(0.02);
  });

  it('stays within its bounds, whatever is observed', () => {
    expect(predictCtr(1_000_000, 1_000_000)).toBe(HIGHEST_CTR);
    expect(predictCtr(0, 1_000)).toBe(HIGHEST_CTR);
    expect(predictCtr(1_000_000_000, 0)).toBe(LEAST_CTR);
  });
});

describe('ecpmMicros', () => {
  it('is a cpm bid as it is, and a cpc bid times the clicks that 1,000 impressions are expected to bring', () => {
    expect(ecpmMicros('cpm', 5_000_000, PRIOR_CTR)).toBe(5_000_000);
    expect(ecpmMicros('cpc', 300_000_000, 0.02)).toBe(6_000_000_000);
  });
});
