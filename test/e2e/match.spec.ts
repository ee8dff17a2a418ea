import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DecisionTokens } from '../../src/tracking/tracking.api.js';
import { startTestApp, type TestApp } from '../servers/test-app.js';
import { at, createAdvertiser, createServingCampaign, creativeBody, match, untilKnown, WON } from './fixtures.js';

/** Sunday, 12:00 in Seoul. */
const NOON = '2026-11-22T03:00:00Z';
const SECRET = { keyId: 't1', secret: 'a-secret-of-the-tests' };
const RATES: Readonly<Record<string, number>> = { KRW: 1, USD: 1400 };
/** Both are told in docs/0004-currencies-and-prices.md and `src/core/scoring/score.ts`. */
const CTR = 0.01;

interface Explained {
  readonly adGroupId: string;
  readonly outcome: 'placed' | 'outranked' | 'excluded';
  readonly reason?: string;
  readonly score?: number;
  readonly price?: number;
}

interface Message {
  readonly adGroupId: string;
  readonly advertiserId: string;
  readonly position: number;
  readonly token: string;
}

describe('match and explain', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp({ env: { CLOCK: 'simulated', EXCHANGE_RATES: 'USD:1400' } });
    await app.request('POST', '/v1/segments', { id: 'auto.ev', name: { ko: '전기차' } });
  });

  afterAll(() => app.close());

  /** A campaign that only requests with this carrier see, so that those of several tests do not compete. */
  async function serve(carrier: string, fields: object = {}, adGroup: object = {}, advertiser: object = {}) {
    const advertiserId = await createAdvertiser(app, { name: carrier, ...advertiser });
    const { targeting = {}, ...rest } = adGroup as { targeting?: object };
    const campaign = await createServingCampaign(app, advertiserId, fields, {
      targeting: { all: [{ carrier: [carrier] }, targeting] },
      ...rest,
    });
    return campaign;
  }

  async function known(carrier: string, adGroupIds: readonly string[], request: object = {}, time = NOON) {
    for (const id of adGroupIds) await untilKnown(app, id, at(time), { context: { carrier }, ...request });
  }

  async function putMember(userId: string, fields: object = {}) {
    const profile = { interests: {}, attributes: {}, consent: { personalized: true, nightTime: true }, ...fields };
    const { status } = await app.request('PUT', `/v1/profiles/${userId}`, profile, at(NOON));
    expect(status).toBeLessThan(300);
  }

  async function explain(userId: string, fields: object, time = NOON) {
    const body = { userId, placement: 'chat_list', chatCount: 42, ...fields };
    const answer = await app.request('POST', '/v1/match/explain', body, at(time));
    expect(answer.status).toBe(200);
    return answer.body as { candidates: Explained[]; counts: Record<string, unknown> };
  }

  /** The reason for which the ad group is excluded, or its outcome; and whether a match places it, too. */
  async function fate(userId: string, adGroupId: string, fields: object, time = NOON): Promise<string> {
    const { candidates } = await explain(userId, { ...fields, adGroupIds: [adGroupId] }, time);
    expect(candidates).toHaveLength(1);
    const [candidate] = candidates;
    const messages = await placed(userId, fields, time);
    expect(messages.some((message) => message.adGroupId === adGroupId)).toBe(candidate?.outcome === 'placed');
    return candidate?.reason ?? candidate?.outcome ?? '';
  }

  async function placed(userId: string, fields: object, time = NOON): Promise<Message[]> {
    const answer = await match(app, userId, fields, at(time));
    expect(answer.status).toBe(200);
    return answer.body.messages as Message[];
  }

  describe.each(['/v1/match', '/v1/match/explain'])('refuse bad input (%s)', (path) => {
    const good = { userId: 'member-1', placement: 'chat_list', chatCount: 42 };

    it.each([
      ['userId', { placement: 'chat_list', chatCount: 42 }],
      ['userId', { ...good, userId: '' }],
      ['userId', { ...good, userId: 'a/b' }],
      ['userId', { ...good, userId: '회원' }],
      ['userId', { ...good, userId: 'm'.repeat(129) }],
      ['userId', { ...good, userId: 7 }],
      ['placement', { userId: 'member-1', chatCount: 42 }],
      ['placement', { ...good, placement: 'Chat List' }],
      ['placement', { ...good, placement: 'nowhere' }],
      ['chatCount', { userId: 'member-1', placement: 'chat_list' }],
      ['chatCount', { ...good, chatCount: -1 }],
      ['chatCount', { ...good, chatCount: 1.5 }],
      ['chatCount', { ...good, chatCount: '42' }],
      ['chatCount', { ...good, chatCount: 1e9 }],
      ['chatCount', { ...good, chatCount: null }],
      ['maxMessages', { ...good, maxMessages: -1 }],
      ['maxMessages', { ...good, maxMessages: 21 }],
      ['requestId', { ...good, requestId: '' }],
      ['requestId', { ...good, requestId: 'a b' }],
      ['requestId', { ...good, requestId: 'r'.repeat(129) }],
      ['context', { ...good, context: 'phone' }],
      ['context.os', { ...good, context: { os: '' } }],
      ['context.osVersion', { ...good, context: { osVersion: '14.x' } }],
      ['context.appVersion', { ...good, context: { appVersion: 3 } }],
      ['context.deviceType', { ...good, context: { deviceType: 'toaster' } }],
      ['context.language', { ...good, context: { language: 'Korean' } }],
      ['context.country', { ...good, context: { country: 'kr' } }],
      ['context.region', { ...good, context: { region: 'Seoul' } }],
      ['context.timeZone', { ...good, context: { timeZone: 'Asia/Gangnam' } }],
      ['context.timeZone', { ...good, context: { timeZone: '+09:00' } }],
      ['context.gender', { ...good, context: { gender: 'female' } }],
      ['userID', { ...good, userID: 'member-1' }],
      ['', [good]],
    ])('at %s: %j', async (where, body) => {
      const answer = await app.request('POST', path, body);
      expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_request', errors: [{ path: where }] } });
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
    });

    it.each([['{'], ['""x'], [''], ['{"userId":"a","__proto__":{}}']])('that is no JSON: %j', async (body) => {
      const answer = await app.request('POST', path, body, { headers: { 'content-type': 'application/json' } });
      expect(answer).toMatchObject({ status: 400, body: { code: 'malformed_request' } });
    });
  });

  it.each([
    ['limit', { limit: 0 }],
    ['limit', { limit: 10_001 }],
    ['adGroupIds', { adGroupIds: 'adg_1' }],
    ['adGroupIds[1]', { adGroupIds: ['adg_1', 1] }],
  ])('explain refuses bad input at %s: %j', async (path, fields) => {
    const body = { userId: 'member-1', placement: 'chat_list', chatCount: 42, ...fields };
    const answer = await app.request('POST', '/v1/match/explain', body);
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ path }] } });
  });

  describe('members', () => {
    const carrier = 'members';
    const context = { carrier };
    const EV = { segment: 'auto.ev' };
    let forAll: string;
    let forEv: string;
    let forOthers: string;
    let advertiserId: string;

    beforeAll(async () => {
      ({ adGroupId: forAll, advertiserId } = await serve(carrier));
      ({ adGroupId: forEv } = await serve(carrier, {}, { targeting: EV }));
      ({ adGroupId: forOthers } = await serve(carrier, {}, { targeting: { not: EV } }));
      await putMember('keen', { interests: { 'auto.ev': 0.8 } });
      await putMember('private', {
        interests: { 'auto.ev': 0.8 },
        consent: { personalized: false, nightTime: true },
      });
      await putMember('other');
      await putMember('muting', { mutedAdvertisers: [advertiserId] });
      await known(carrier, [forAll, forEv], { userId: 'keen' });
      await known(carrier, [forOthers], { userId: 'other' });
    });

    it.each([
      ['keen', 'placed', 'placed', 'targeting'],
      ['other', 'placed', 'targeting', 'placed'],
      ['nobody-knows', 'placed', 'targeting', 'consent'],
      ['private', 'placed', 'targeting', 'consent'],
      ['muting', 'muted', 'targeting', 'placed'],
    ])('get what they may: %s', async (userId, all, ev, others) => {
      expect(await fate(userId, forAll, { context })).toBe(all);
      expect(await fate(userId, forEv, { context })).toBe(ev);
      expect(await fate(userId, forOthers, { context })).toBe(others);
    });

    it('are not served by a context that they do not send', async () => {
      expect(await fate('nobody-knows', forAll, {})).toBe('targeting');
    });

    it('who consent or unmute are served at once', async () => {
      await putMember('changing', {
        interests: { 'auto.ev': 1 },
        mutedAdvertisers: [advertiserId],
        consent: { personalized: false, nightTime: true },
      });
      expect(await fate('changing', forEv, { context })).toBe('targeting');
      expect(await fate('changing', forAll, { context })).toBe('muted');
      await putMember('changing', { interests: { 'auto.ev': 1 } });
      expect(await fate('changing', forEv, { context })).toBe('placed');
      expect(await fate('changing', forAll, { context })).toBe('placed');
    });
  });

  describe('time', () => {
    it('at night asks for a consent of its own, by the member’s clock', async () => {
      const carrier = 'night';
      const { adGroupId } = await serve(carrier);
      await known(carrier, [adGroupId]);
      await putMember('sleeper', { timeZone: 'Asia/Seoul', consent: { personalized: true, nightTime: false } });
      await putMember('awake', { timeZone: 'Asia/Seoul' });
      for (const [time, fateOfSleeper] of [
        ['2026-11-22T11:59:59.999Z', 'placed'],
        ['2026-11-22T12:00:00Z', 'consent'],
        ['2026-11-22T15:00:00Z', 'consent'],
        ['2026-11-22T22:59:59.999Z', 'consent'],
        ['2026-11-22T23:00:00Z', 'placed'],
      ] as const) {
        expect(await fate('sleeper', adGroupId, { context: { carrier } }, time)).toBe(fateOfSleeper);
        expect(await fate('awake', adGroupId, { context: { carrier } }, time)).toBe('placed');
        expect(await fate('nobody-knows', adGroupId, { context: { carrier } }, time)).toBe('placed');
      }
      // On a journey: 22:00 in Seoul is 08:00 in New York.
      const journey = { carrier, timeZone: 'America/New_York' };
      expect(await fate('sleeper', adGroupId, { context: journey }, '2026-11-22T13:00:00Z')).toBe('placed');
      expect(await fate('nobody-knows', adGroupId, { context: journey }, '2026-11-22T12:59:59Z')).toBe('consent');
    });

    it('keeps to day parts, by the clock that they name', async () => {
      const carrier = 'day-parts';
      const dayParts = (clock: string) => ({
        dayParts: { clock, windows: [{ days: ['sun'], from: '09:00', to: '18:00' }] },
      });
      const { adGroupId: advertisers } = await serve(carrier, {}, dayParts('advertiser'));
      const { adGroupId: members } = await serve(carrier, {}, dayParts('member'));
      const inNewYork = { context: { carrier, timeZone: 'America/New_York' } };
      const unknown = { context: { carrier } };
      await known(carrier, [advertisers, members], inNewYork, '2026-11-22T15:00:00Z');
      await putMember('in-new-york', { timeZone: 'America/New_York' });
      for (const [time, bySeoul, byNewYork] of [
        ['2026-11-21T23:59:59.999Z', 'day_part', 'day_part'],
        ['2026-11-22T00:00:00Z', 'placed', 'day_part'],
        ['2026-11-22T08:59:59.999Z', 'placed', 'day_part'],
        ['2026-11-22T09:00:00Z', 'day_part', 'day_part'],
        ['2026-11-22T13:59:59.999Z', 'day_part', 'day_part'],
        ['2026-11-22T14:00:00Z', 'day_part', 'placed'],
        ['2026-11-22T23:00:00Z', 'day_part', 'day_part'],
      ] as const) {
        expect(await fate('in-new-york', advertisers, unknown, time)).toBe(bySeoul);
        expect(await fate('in-new-york', members, unknown, time)).toBe(byNewYork);
        expect(await fate('nobody-knows', members, unknown, time)).toBe('day_part');
      }
    });

    it('keeps to the schedule, from its first instant to before its end', async () => {
      const carrier = 'schedule';
      const { adGroupId } = await serve(carrier, { startsAt: '2026-11-22T03:00:00Z', endsAt: '2026-11-22T04:00:00Z' });
      await known(carrier, [adGroupId]);
      for (const [time, expected] of [
        ['2026-11-22T02:59:59.999Z', 'schedule'],
        ['2026-11-22T03:00:00Z', 'placed'],
        ['2026-11-22T03:59:59.999Z', 'placed'],
        ['2026-11-22T04:00:00Z', 'schedule'],
      ] as const) {
        expect(await fate('nobody-knows', adGroupId, { context: { carrier } }, time)).toBe(expected);
      }
    });
  });

  describe('placements', () => {
    const carrier = 'placements';
    const context = { carrier };
    let advertisers: string[];

    beforeAll(async () => {
      const campaigns = [];
      for (let i = 0; i < 4; i++) campaigns.push(await serve(carrier));
      advertisers = campaigns.map(({ advertiserId }) => advertiserId);
      await known(
        carrier,
        campaigns.map(({ adGroupId }) => adGroupId),
      );
    });

    it('stand in the list as shown, and never past its end', async () => {
      for (const [chatCount, positions] of [
        [0, []],
        [1, [1]],
        [6, [1]],
        [7, [1, 8]],
        [12, [1, 8]],
        [13, [1, 8, 15]],
        [100_000, [1, 8, 15]],
      ] as const) {
        const messages = await placed('nobody-knows', { context, chatCount });
        expect(messages.map(({ position }) => position)).toEqual(positions);
        expect(new Set(messages.map(({ advertiserId }) => advertiserId)).size).toBe(messages.length);
      }
      const two = await placed('nobody-knows', { context, maxMessages: 2 });
      expect(two.map(({ position }) => position)).toEqual([1, 8]);
      expect(await placed('nobody-knows', { context, maxMessages: 20 })).toHaveLength(3);
    });

    it('tell by explain, too, that there is no room', async () => {
      const { counts } = await explain('nobody-knows', { context, chatCount: 0 });
      expect(counts).toMatchObject({ placed: 0, outranked: 0, excluded: { placement: 4 } });
      expect((await match(app, 'nobody-knows', { context, maxMessages: 0 }, at(NOON))).body).toMatchObject({
        messages: [],
        noFill: { reason: 'placement' },
      });
    });

    it('are laid out by any rules: enough chats between, none past the end, no more than asked for', async () => {
      const rules = fc.record({
        maxMessages: fc.nat(20),
        firstPosition: fc.nat(8),
        spacing: fc.nat(5),
        refreshAfterSeconds: fc.integer({ min: 1, max: 86_400 }),
        holdSeconds: fc.integer({ min: 1, max: 600 }),
      });
      await fc.assert(
        fc.asyncProperty(rules, fc.nat(30), fc.nat(20), async (rules, chatCount, maxMessages) => {
          expect((await app.request('PUT', '/v1/placements/any_rules', rules)).status).toBe(200);
          const fields = { placement: 'any_rules', context, chatCount, maxMessages };
          const answer = await match(app, 'nobody-knows', fields, at(NOON));
          expect(answer.body.refreshAfterSeconds).toBe(rules.refreshAfterSeconds);
          const messages = answer.body.messages as Message[];
          expect(messages.length).toBeLessThanOrEqual(Math.min(maxMessages, rules.maxMessages, advertisers.length));
          // Chat rows above each message.
          const chatsAbove = messages.map(({ position }, i) => position - i);
          for (const [i, above] of chatsAbove.entries()) {
            expect(above).toBe(rules.firstPosition + i * rules.spacing);
            expect(above).toBeLessThanOrEqual(chatCount);
          }
          const nextAbove = rules.firstPosition + messages.length * rules.spacing;
          const hasRoom = messages.length < Math.min(maxMessages, rules.maxMessages, advertisers.length);
          if (hasRoom && chatCount > 0) expect(nextAbove).toBeGreaterThan(chatCount);
        }),
        { numRuns: 25 },
      );
    });

    it('change what is placed as soon as they are put, unless somebody else was quicker', async () => {
      const rules = { maxMessages: 2, firstPosition: 0, spacing: 1, refreshAfterSeconds: 60, holdSeconds: 30 };
      const put = (body: object, headers: Record<string, string> = {}) =>
        app.request('PUT', '/v1/placements/inbox', body, { headers });
      const fields = { placement: 'inbox', context };
      expect((await match(app, 'nobody-knows', fields, at(NOON))).status).toBe(422);

      expect(await put(rules)).toMatchObject({ status: 200, body: { id: 'inbox', version: 1, ...rules } });
      const [first, second] = await placed('nobody-knows', fields);
      expect([first?.position, second?.position]).toEqual([0, 2]);
      expect(first).toMatchObject({ expiresAt: '2026-11-22T03:00:30.000Z' });

      const later = { ...rules, firstPosition: 4, maxMessages: 1 };
      expect(await put(later, { 'if-match': '"1"' })).toMatchObject({ status: 200, body: { version: 2 } });
      expect((await placed('nobody-knows', fields)).map(({ position }) => position)).toEqual([4]);

      expect(await put(rules, { 'if-match': '"1"' })).toMatchObject({
        status: 412,
        body: { code: 'version_mismatch' },
      });
      expect((await placed('nobody-knows', fields)).map(({ position }) => position)).toEqual([4]);
      expect((await app.request('GET', '/v1/placements/inbox')).body).toMatchObject({ version: 2, ...later });
    });

    it.each([
      ['412 for a version of one that is not there', 'missing', {}, { 'if-match': '"1"' }, 412],
      ['400 for what is no version', 'inbox', {}, { 'if-match': 'yesterday' }, 400],
      ['422 for an id of another form', 'Chat-List', {}, {}, 422],
      ['422 for an unknown field', 'inbox', { shape: 'round' }, {}, 422],
      ['422 for a hold without a length', 'inbox', { holdSeconds: 0 }, {}, 422],
      ['422 for too many messages', 'inbox', { maxMessages: 21 }, {}, 422],
    ])('answer %s', async (_what, id, fields, headers, status) => {
      const rules = { maxMessages: 2, firstPosition: 0, spacing: 1, refreshAfterSeconds: 60, holdSeconds: 30 };
      const answer = await app.request('PUT', `/v1/placements/${id}`, { ...rules, ...fields }, { headers });
      expect(answer.status).toBe(status);
      if (status === 422) expect(answer.body.errors).toHaveLength(1);
    });
  });

  it('shows creatives in the member’s language, labelled in it', async () => {
    const carrier = 'languages';
    const creatives = ['ko', 'en'].map((language) => creativeBody({ language, title: language }));
    const { adGroupId } = await serve(carrier, {}, { creatives });
    const { body } = await app.request('GET', `/v1/ad-groups/${adGroupId}/creatives`);
    for (const { id } of body.data as { id: string }[]) await app.request('POST', `/v1/creatives/${id}/approve`, {});
    await known(carrier, [adGroupId], { context: { carrier, language: 'en' } });
    for (const [language, title, label] of [
      ['en-GB', 'en', 'Sponsored'],
      ['ko', 'ko', '광고'],
    ]) {
      const [message] = await placed('nobody-knows', { context: { carrier, language } });
      expect(message).toMatchObject({ title, label });
    }
    expect(await fate('nobody-knows', adGroupId, { context: { carrier, language: 'ja' } })).toBe('creative');
  });

  describe('an auction', () => {
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
        const { adGroupId } = await serve(carrier, {}, { bid, targeting }, { currency });
        byId.set(adGroupId, { currency, bid });
      }
      await known(carrier, [...byId.keys()]);
      const weights = fc.sample(fc.double({ min: 0.01, max: 1, noNaN: true }), { numRuns: 6, seed: 42 });
      for (const [i, weight] of weights.entries()) {
        const userId = `bidder-${i}`;
        await putMember(userId, { interests: { 'auto.ev': weight } });
        const fields = { context: { carrier }, requestId: `auction-${i}`, maxMessages: 1 + (i % 3) };
        const { candidates } = await explain(userId, fields);
        const messages = await placed(userId, fields);

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
      const { adGroupId: low } = await serve(carrier, {}, bidOf(1_999));
      const { adGroupId: high } = await serve(carrier, {}, bidOf(5_000));
      const rules = { maxMessages: 3, firstPosition: 1, spacing: 0, refreshAfterSeconds: 60, holdSeconds: 60 };
      const put = await app.request('PUT', '/v1/placements/dear', { ...rules, floorMicros: 2_000 * WON });
      expect(put.body).toMatchObject({ floorMicros: 2_000 * WON });
      await known(carrier, [low, high]);
      const fields = { placement: 'dear', context: { carrier } };
      expect(await fate('nobody-knows', low, fields)).toBe('placement');
      const messages = await placed('nobody-knows', fields);
      expect(messages.map((message) => [message.adGroupId, priceOf(message)])).toEqual([[high, 2 * WON]]);
      const [candidate] = (await explain('nobody-knows', { ...fields, adGroupIds: [high] })).candidates;
      expect(candidate).toEqual({ adGroupId: high, outcome: 'placed', score: 2_500 * WON, price: 2 * WON });
    });

    it('gives equals turns, and the same request the same winner', async () => {
      const carrier = 'equals';
      const { adGroupId: one } = await serve(carrier);
      const { adGroupId: other } = await serve(carrier);
      await known(carrier, [one, other]);
      const winnerOf = async (userId: string, requestId: string) =>
        (await placed(userId, { context: { carrier }, maxMessages: 1, requestId }))[0]?.adGroupId;
      const winners: (string | undefined)[] = [];
      for (let i = 0; i < 24; i++) {
        const winner = await winnerOf(`equal-${i}`, `turn-${i}`);
        expect(await winnerOf(`other-${i}`, `turn-${i}`)).toBe(winner);
        winners.push(winner);
      }
      expect(new Set(winners)).toEqual(new Set([one, other]));
    });
  });

  it('explain answers no more than its limit, and counts all', async () => {
    const all = await explain('nobody-knows', { limit: 10_000 });
    const some = await explain('nobody-knows', { limit: 2 });
    expect(all.candidates.length).toBeGreaterThan(2);
    expect(some.candidates).toEqual(all.candidates.slice(0, 2));
    expect(some.counts).toEqual(all.counts);
    expect((await explain('nobody-knows', { adGroupIds: ['adg_unknown'] })).candidates).toEqual([]);
  });
});
