import { describe, expect, it } from '@jest/globals';
import {
  adGroup,
  matchRequest,
  money,
  UNKNOWN_SUBJECT,
  WON_RATES,
} from '../../../test/properties/arbitraries/candidates.js';
import { hashText } from '../auction/tie-break.js';
import { InvariantViolation } from '../invariant-violation.js';
import { LEAST_RELEVANCE, PRIOR_CTR } from '../scoring/score.js';
import { score, toCandidate } from './candidate.js';

const EV = { kind: 'segments', ids: ['auto.ev'], minWeight: 0 } as const;

describe('toCandidate', () => {
  it('works out what no request can change', () => {
    const record = adGroup({ targeting: EV, currency: 'USD', bid: { model: 'cpc', amountMicros: 2_000_000 } });
    expect(toCandidate(record, WON_RATES)).toEqual({
      record,
      segments: ['auto.ev'],
      usesPersonalData: true,
      looks: 2,
      rate: 1400,
      ctr: PRIOR_CTR,
      ecpmMicros: 2_000_000 * PRIOR_CTR * 1000 * 1400,
      highestScore: 2_000_000 * PRIOR_CTR * 1000 * 1400,
      idHash: hashText('adg_1'),
      campaignHash: hashText('cmp_1'),
    });
  });

  it('knows that relevance is the least where no segment is named', () => {
    const { ecpmMicros, highestScore } = toCandidate(adGroup(), WON_RATES);
    expect(highestScore).toBe(ecpmMicros * LEAST_RELEVANCE);
  });

  it('refuses a currency without a rate', () => {
    expect(() => toCandidate(adGroup({ currency: 'CHF' }), WON_RATES)).toThrow(InvariantViolation);
  });
});

describe('score', () => {
  it('is the eCPM in the base currency times the relevance to the member', () => {
    const candidate = toCandidate(adGroup({ targeting: EV, currency: 'USD' }), WON_RATES);
    const request = matchRequest({ subject: { ...UNKNOWN_SUBJECT, interests: new Map([['auto.ev', 0.5]]) } });
    expect(score(candidate, request, money())).toEqual({
      candidate,
      relevance: 0.75,
      pacing: 1,
      score: 5_000_000_000 * 1400 * 0.75,
    });
  });
});
