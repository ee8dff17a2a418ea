import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DecisionTokens } from '../../src/tracking/tracking.api.js';
import { startTestApp, type TestApp } from '../servers/test-app.js';
import { WON } from './fixtures.js';
import { Market, type Message } from './market.js';

const SECRET = { keyId: 't1', secret: 'a-secret-of-the-tests' };
const RATES: Readonly<Record<string, number>> = { KRW: 1, USD: 1400 };
/** Both are told in docs/0004-currencies-and-prices.md and `src/core/scoring/score.ts`. */
const CTR = 0.01;

describe('an auction', () => {
  let app: TestApp;
  let market: Market;

  beforeAll(async () => {
    app = await startTestApp({ env: { CLOCK: 'simulated', EXCHANGE_RATES: 'USD:1400' } });
    market = new Market(app);
    await app.request('POST', '/v1/segments', { id: 'auto.ev', name: { ko: '전기차' } });
  });

  afterAll(() => app.close());

  const tokens = new DecisionTokens([SECRET]);
  const priceOf = ({ token }: Message): number => tokens.verify(token)?.priceMicros ?? NaN;

  interface Entrant {
    readonly currency: string;
    readonly bid: { readonly model: 'cpm' | 'cpc'; readonly amountMicros: number };
  }

  /** Base micros per 1,000 impressions. */
  const ecpmOf = ({ currency, bid }: Entrant, micros = bid.amountMicros): number =>
    micros * (RATES[currency] ?? NaN) * (bid.model === 'cpm' ? 1 : CTR * 1000);
  /** What one charged event can cost at most. */
  const highest = ({ bid }: Entrant): number =>
    bid.model === 'cpm' ? Math.floor(bid.amountMicros / 1000) : bid.amountMicros;

  it('is explained as it is decided: who is placed, in which order, at which price', async () => {
    const carrier = 'auction';
    const entrants = fc.sample(
      fc.record({
        currency: fc.constantFrom('KRW', 'KRW', 'USD'),
        model: fc.constantFrom('cpm' as const, 'cpc' as const),
        won: fc.integer({ min: 1, max: 9_000_000 }),
        wantsEv: fc.boolean(),
      }),
      { numRuns: 9, seed: 42 },
    );
    const byId = new Map<string, Entrant>();
    for (const { currency, model, won, wantsEv } of entrants) {
      const perBid = model === 'cpm' ? 1_000 : 100;
      const bid = { model, amountMicros: Math.ceil((won * perBid) / (RATES[currency] ?? 1)) };
      const targeting = wantsEv ? { any: [{ segment: 'auto.ev' }, { carrier: [carrier] }] } : {};
      const { adGroupId } = await market.serve(carrier, {}, { bid, targeting }, { currency });
      byId.set(adGroupId, { currency, bid });
    }
    await market.known(carrier, [...byId.keys()]);
    const weights = fc.sample(fc.double({ min: 0.01, max: 1, noNaN: true }), { numRuns: 6, seed: 42 });
    for (const [i, weight] of weights.entries()) {
      const userId = `bidder-${i}`;
      await market.putMember(userId, { interests: { 'auto.ev': weight } });
      const fields = { context: { carrier }, requestId: `auction-${i}`, maxMessages: 1 + (i % 3) };
      const { candidates } = await market.explain(userId, fields);
      const messages = await market.placed(userId, fields);

      const inAuction = candidates.filter(({ adGroupId }) => byId.has(adGroupId));
      const winners = inAuction.filter(({ outcome }) => outcome === 'placed');
      expect(winners).toHaveLength(fields.maxMessages);
      expect(messages.map(({ adGroupId }) => adGroupId)).toEqual(winners.map(({ adGroupId }) => adGroupId));
      expect(messages.map(priceOf)).toEqual(winners.map(({ price }) => price));
      const scores = inAuction.map(({ score }) => score ?? NaN);
      expect(scores).toEqual([...scores].sort((a, b) => b - a));

      for (const [rank, { adGroupId, price = NaN, score = NaN }] of winners.entries()) {
        const entrant = byId.get(adGroupId) as Entrant;
        const relevance = score / ecpmOf(entrant);
        const next = scores[rank + 1] ?? 0;
        const due = Math.max(next / relevance, 1_000_000);
        expect(price).toBeLessThanOrEqual(highest(entrant));
        const perEvent = entrant.bid.model === 'cpm' ? 1000 : 1;
        const reached = ecpmOf(entrant, price * perEvent);
        if (price < highest(entrant)) expect(reached).toBeGreaterThanOrEqual(due * (1 - 1e-12));
        expect(ecpmOf(entrant, (price - 1) * perEvent)).toBeLessThan(due * (1 + 1e-12));
      }
    }
  });

  it('has a floor, below which nobody enters, and which who is alone pays', async () => {
    const carrier = 'floor';
    const bidOf = (won: number) => ({ bid: { model: 'cpm', amountMicros: won * WON } });
    const { adGroupId: low } = await market.serve(carrier, {}, bidOf(1_999));
    const { adGroupId: high } = await market.serve(carrier, {}, bidOf(5_000));
    const rules = { maxMessages: 3, firstPosition: 1, spacing: 0, refreshAfterSeconds: 60, holdSeconds: 60 };
    const put = await app.request('PUT', '/v1/placements/dear', { ...rules, floorMicros: 2_000 * WON });
    expect(put.body).toMatchObject({ floorMicros: 2_000 * WON });
    await market.known(carrier, [low, high]);
    const fields = { placement: 'dear', context: { carrier } };
    expect(await market.fate('nobody-knows', low, fields)).toBe('placement');
    const messages = await market.placed('nobody-knows', fields);
    expect(messages.map((message) => [message.adGroupId, priceOf(message)])).toEqual([[high, 2 * WON]]);
    const [candidate] = (await market.explain('nobody-knows', { ...fields, adGroupIds: [high] })).candidates;
    expect(candidate).toEqual({
      adGroupId: high,
      outcome: 'placed',
      score: 2_500 * WON,
      price: 2 * WON,
      factors: { ecpmMicros: 5_000 * WON, predictedCtr: CTR, relevance: 0.5, pacing: 1 },
    });
  });

  it('gives equals turns, and the same request the same winner', async () => {
    const carrier = 'equals';
    const { adGroupId: one } = await market.serve(carrier);
    const { adGroupId: other } = await market.serve(carrier);
    await market.known(carrier, [one, other]);
    const winnerOf = async (userId: string, requestId: string) =>
      (await market.placed(userId, { context: { carrier }, maxMessages: 1, requestId }))[0]?.adGroupId;
    const winners: (string | undefined)[] = [];
    for (let i = 0; i < 24; i++) {
      const winner = await winnerOf(`equal-${i}`, `turn-${i}`);
      expect(await winnerOf(`other-${i}`, `turn-${i}`)).toBe(winner);
      winners.push(winner);
    }
    expect(new Set(winners)).toEqual(new Set([one, other]));
  });
});
