import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, startTestApp, type TestApp } from '../servers/test-app.js';
import { at, creativeBody } from './fixtures.js';
import { Market, NOON } from './market.js';

const ADVERTISER = 'adv_01KANQ8Y3V5T6W7X8Y9Z0A1B2C';

describe('match and explain', () => {
  let app: TestApp;
  let market: Market;

  beforeAll(async () => {
    app = await startTestApp({ env: { CLOCK: 'simulated' } });
    market = new Market(app);
    await app.request('POST', '/v1/segments', { id: 'auto.ev', name: { ko: '전기차' } });
  });

  afterAll(() => app.close());

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
      ['blockedAdvertisers', { ...good, blockedAdvertisers: ADVERTISER }],
      ['blockedAdvertisers', { ...good, blockedAdvertisers: null }],
      ['blockedAdvertisers', { ...good, blockedAdvertisers: [ADVERTISER, ADVERTISER] }],
      ['blockedAdvertisers[1]', { ...good, blockedAdvertisers: [ADVERTISER, 'cmp_01KANQ8Y3V5T6W7X8Y9Z0A1B2C'] }],
      ['blockedAdvertisers[0]', { ...good, blockedAdvertisers: [''] }],
      ['blockedCategories', { ...good, blockedCategories: { auto: true } }],
      ['blockedCategories', { ...good, blockedCategories: ['auto', 'auto'] }],
      ['blockedCategories', { ...good, blockedCategories: Array.from({ length: 101 }, (_, i) => `c${i}`) }],
      ['blockedCategories[0]', { ...good, blockedCategories: ['Auto'] }],
      ['blockedCategories[0]', { ...good, blockedCategories: ['a'.repeat(65)] }],
      ['blockedCategories[0]', { ...good, blockedCategories: [7] }],
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
      ({ adGroupId: forAll, advertiserId } = await market.serve(carrier));
      ({ adGroupId: forEv } = await market.serve(carrier, {}, { targeting: EV }));
      ({ adGroupId: forOthers } = await market.serve(carrier, {}, { targeting: { not: EV } }));
      await market.putMember('keen', { interests: { 'auto.ev': 0.8 } });
      await market.putMember('private', {
        interests: { 'auto.ev': 0.8 },
        consent: { personalized: false, nightTime: true },
      });
      await market.putMember('other');
      await market.putMember('muting', { mutedAdvertisers: [advertiserId] });
      await market.known(carrier, [forAll, forEv], { userId: 'keen' });
      await market.known(carrier, [forOthers], { userId: 'other' });
    });

    it.each([
      ['keen', 'placed', 'placed', 'targeting'],
      ['other', 'placed', 'targeting', 'placed'],
      ['nobody-knows', 'placed', 'targeting', 'consent'],
      ['private', 'placed', 'targeting', 'consent'],
      ['muting', 'muted', 'targeting', 'placed'],
    ])('get what they may: %s', async (userId, all, ev, others) => {
      expect(await market.fate(userId, forAll, { context })).toBe(all);
      expect(await market.fate(userId, forEv, { context })).toBe(ev);
      expect(await market.fate(userId, forOthers, { context })).toBe(others);
    });

    it('are not served by a context that they do not send', async () => {
      expect(await market.fate('nobody-knows', forAll, {})).toBe('targeting');
    });

    it('who consent or unmute are served at once', async () => {
      await market.putMember('changing', {
        interests: { 'auto.ev': 1 },
        mutedAdvertisers: [advertiserId],
        consent: { personalized: false, nightTime: true },
      });
      expect(await market.fate('changing', forEv, { context })).toBe('targeting');
      expect(await market.fate('changing', forAll, { context })).toBe('muted');
      await market.putMember('changing', { interests: { 'auto.ev': 1 } });
      expect(await market.fate('changing', forEv, { context })).toBe('placed');
      expect(await market.fate('changing', forAll, { context })).toBe('placed');
    });
  });

  describe('time', () => {
    it('at night asks for a consent of its own, by the member’s clock', async () => {
      const carrier = 'night';
      const { adGroupId } = await market.serve(carrier);
      await market.known(carrier, [adGroupId]);
      await market.putMember('sleeper', { timeZone: 'Asia/Seoul', consent: { personalized: true, nightTime: false } });
      await market.putMember('awake', { timeZone: 'Asia/Seoul' });
      for (const [time, fateOfSleeper] of [
        ['2026-11-22T11:59:59.999Z', 'placed'],
        ['2026-11-22T12:00:00Z', 'consent'],
        ['2026-11-22T15:00:00Z', 'consent'],
        ['2026-11-22T22:59:59.999Z', 'consent'],
        ['2026-11-22T23:00:00Z', 'placed'],
      ] as const) {
        expect(await market.fate('sleeper', adGroupId, { context: { carrier } }, time)).toBe(fateOfSleeper);
        expect(await market.fate('awake', adGroupId, { context: { carrier } }, time)).toBe('placed');
        expect(await market.fate('nobody-knows', adGroupId, { context: { carrier } }, time)).toBe('placed');
      }
      // On a journey: 22:00 in Seoul is 08:00 in New York.
      const journey = { carrier, timeZone: 'America/New_York' };
      expect(await market.fate('sleeper', adGroupId, { context: journey }, '2026-11-22T13:00:00Z')).toBe('placed');
      expect(await market.fate('nobody-knows', adGroupId, { context: journey }, '2026-11-22T12:59:59Z')).toBe(
        'consent',
      );
    });

    it('keeps to day parts, by the clock that they name', async () => {
      const carrier = 'day-parts';
      const dayParts = (clock: string) => ({
        dayParts: { clock, windows: [{ days: ['sun'], from: '09:00', to: '18:00' }] },
      });
      const { adGroupId: advertisers } = await market.serve(carrier, {}, dayParts('advertiser'));
      const { adGroupId: members } = await market.serve(carrier, {}, dayParts('member'));
      const inNewYork = { context: { carrier, timeZone: 'America/New_York' } };
      const unknown = { context: { carrier } };
      await market.known(carrier, [advertisers, members], inNewYork, '2026-11-22T15:00:00Z');
      await market.putMember('in-new-york', { timeZone: 'America/New_York' });
      for (const [time, bySeoul, byNewYork] of [
        ['2026-11-21T23:59:59.999Z', 'day_part', 'day_part'],
        ['2026-11-22T00:00:00Z', 'placed', 'day_part'],
        ['2026-11-22T08:59:59.999Z', 'placed', 'day_part'],
        ['2026-11-22T09:00:00Z', 'day_part', 'day_part'],
        ['2026-11-22T13:59:59.999Z', 'day_part', 'day_part'],
        ['2026-11-22T14:00:00Z', 'day_part', 'placed'],
        ['2026-11-22T23:00:00Z', 'day_part', 'day_part'],
      ] as const) {
        expect(await market.fate('in-new-york', advertisers, unknown, time)).toBe(bySeoul);
        expect(await market.fate('in-new-york', members, unknown, time)).toBe(byNewYork);
        expect(await market.fate('nobody-knows', members, unknown, time)).toBe('day_part');
      }
    });

    it('keeps to the schedule, from its first instant to before its end', async () => {
      const carrier = 'schedule';
      const { adGroupId } = await market.serve(carrier, {
        startsAt: '2026-12-22T03:00:00Z',
        endsAt: '2026-12-22T04:00:00Z',
      });
      await market.known(carrier, [adGroupId], {}, '2026-12-22T03:30:00Z');
      for (const [time, expected] of [
        ['2026-12-22T02:59:59.999Z', 'schedule'],
        ['2026-12-22T03:00:00Z', 'placed'],
        ['2026-12-22T03:59:59.999Z', 'placed'],
        ['2026-12-22T04:00:00Z', 'schedule'],
      ] as const) {
        expect(await market.fate('nobody-knows', adGroupId, { context: { carrier } }, time)).toBe(expected);
      }
    });
  });

  it('shows creatives in the member’s language, labelled in it', async () => {
    const carrier = 'languages';
    const creatives = ['ko', 'en'].map((language) => creativeBody({ language, title: language }));
    const { adGroupId } = await market.serve(carrier, {}, { creatives });
    const { body } = await app.request('GET', `/v1/ad-groups/${adGroupId}/creatives`);
    for (const { id } of body.data as { id: string }[]) await app.request('POST', `/v1/creatives/${id}/approve`, {});
    await market.known(carrier, [adGroupId], { context: { carrier, language: 'en' } });
    for (const [language, title, label] of [
      ['en-GB', 'en', 'Sponsored'],
      ['ko', 'ko', '광고'],
    ]) {
      const [message] = await market.placed('nobody-knows', { context: { carrier, language } });
      expect(message).toMatchObject({ title, label });
    }
    expect(await market.fate('nobody-knows', adGroupId, { context: { carrier, language: 'ja' } })).toBe('creative');
  });

  it('explain names every ad group that is no candidate by its path', async () => {
    const { adGroupId: archived, campaignId } = await market.serve('archived');
    await market.known('archived', [archived]);
    const { adGroupId: fine } = await market.serve('fine');
    await market.known('fine', [fine]);
    expect((await app.request('POST', `/v1/campaigns/${campaignId}/archive`)).status).toBe(200);
    await eventually(async () => {
      const body = { userId: 'm', placement: 'chat_list', chatCount: 1, adGroupIds: ['x', fine, archived] };
      const answer = await app.request('POST', '/v1/match/explain', body, at(NOON));
      expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_request' } });
      const paths = (answer.body.errors as { path: string }[]).map(({ path }) => path);
      return paths.join() === 'adGroupIds[0],adGroupIds[2]';
    });
  });

  it('explain answers no more than its limit, and counts all', async () => {
    const all = await market.explain('nobody-knows', { limit: 10_000 });
    const some = await market.explain('nobody-knows', { limit: 2 });
    expect(all.candidates.length).toBeGreaterThan(2);
    expect(some.candidates).toEqual(all.candidates.slice(0, 2));
    expect(some.counts).toEqual(all.counts);
    const [known] = all.candidates;
    const asked = await market.explain('nobody-knows', { adGroupIds: [known?.adGroupId] });
    expect(asked.candidates).toEqual([known]);
  });
});
