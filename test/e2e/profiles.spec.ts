import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Problem } from '../../src/platform/http/problem.filter.js';
import type { ProfileDto } from '../../src/profiles/profile.dto.js';
import { ProfileSource } from '../../src/profiles/profiles.api.js';
import { startTestApp, type TestApp, type TestResponse } from '../servers/test-app.js';

const CONSENT = { personalized: true, nightTime: false };
const SEGMENTS = ['auto.ev', 'auto.suv', 'sports.golf'];

describe('profiles', () => {
  let app: TestApp;
  let chatKey: string;
  let advertiserId: string;
  let advertiserKey: string;

  beforeAll(async () => {
    app = await startTestApp();
    const advertiser = { name: '한빛전자', currency: 'KRW', timeZone: 'Asia/Seoul' };
    advertiserId = idOf(await app.request('POST', '/v1/advertisers', advertiser));
    chatKey = await issueKey({ role: 'chat' });
    advertiserKey = await issueKey({ role: 'advertiser', advertiserId });
    for (const id of SEGMENTS) {
      expect((await app.request('POST', '/v1/segments', { id, name: { ko: '이름' } })).status).toBe(201);
    }
  });

  afterAll(() => app.close());

  async function issueKey(body: object): Promise<string> {
    const response = await app.request('POST', '/v1/api-keys', { name: 'test', ...body });
    expect(response.status).toBe(201);
    return (response.body as { key: string }).key;
  }

  function chat(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<TestResponse> {
    return app.request(method, path, body, { key: chatKey, headers });
  }

  function put(userId: string, fields: object = {}): Promise<TestResponse> {
    return chat('PUT', `/v1/profiles/${userId}`, { consent: CONSENT, ...fields });
  }

  function idOf({ body }: TestResponse): string {
    return (body as { id: string }).id;
  }

  function profileOf({ body }: TestResponse): ProfileDto {
    return body as ProfileDto;
  }

  describe('single requests', () => {
    const whole = {
      interests: { 'auto.ev': 0.8, 'sports.golf': 0.25 },
      birthDate: '1994-05-17',
      birthYear: null,
      gender: 'female',
      country: 'KR',
      region: 'KR-11',
      language: 'ko',
      timeZone: 'Asia/Seoul',
      attributes: { occupation: '엔지니어 "반도체"', score: -0.5e-7, subscriber: true },
      consent: CONSENT,
      mutedAdvertisers: ['adv_01KAN2Z5T8Q0V4W6X8Y0Z2B4D6'],
    };

    it('creates, reads, replaces and erases a profile', async () => {
      expect((await chat('GET', '/v1/profiles/u-1')).status).toBe(404);
      const created = await put('u-1', whole);
      expect(created).toMatchObject({ status: 201, body: { userId: 'u-1', ...whole, version: 1 } });
      expect(await chat('GET', '/v1/profiles/u-1')).toMatchObject({ status: 200, body: profileOf(created) });

      const replaced = await put('u-1', { birthYear: 1990 });
      expect(replaced).toMatchObject({
        status: 200,
        body: {
          interests: {},
          birthDate: null,
          birthYear: 1990,
          gender: null,
          attributes: {},
          mutedAdvertisers: [],
          version: 2,
        },
      });
      expect(profileOf(replaced).createdAt).toBe(profileOf(created).createdAt);
      expect((await chat('GET', '/v1/profiles/u-1')).body).toEqual(replaced.body);

      for (let i = 0; i < 2; i++)
        expect(await chat('DELETE', '/v1/profiles/u-1')).toMatchObject({ status: 204, text: '' });
      expect((await chat('GET', '/v1/profiles/u-1')).status).toBe(404);
      expect((await put('u-1')).body).toMatchObject({ version: 1 });
    });

    it('changes what a PATCH names, and nothing else', async () => {
      await put('u-2', whole);
      const patch = {
        interests: { 'auto.ev': null, 'auto.suv': 1 },
        attributes: { score: null, level: 3 },
        birthYear: 1995,
        region: null,
      };
      const patched = await chat('PATCH', '/v1/profiles/u-2', patch);
      expect(patched).toMatchObject({
        status: 200,
        body: { version: 2, gender: 'female', birthDate: null, birthYear: 1995, region: null },
      });
      expect(profileOf(patched).interests).toEqual({ 'auto.suv': 1, 'sports.golf': 0.25 });
      expect(profileOf(patched).attributes).toEqual({
        occupation: whole.attributes.occupation,
        subscriber: true,
        level: 3,
      });
      expect((await chat('GET', '/v1/profiles/u-2')).body).toEqual(patched.body);
      expect((await chat('PATCH', '/v1/profiles/u-nobody', patch)).status).toBe(404);
      expect((await chat('GET', '/v1/profiles/u-nobody')).status).toBe(404);
    });

    it('loses none of many changes that come at once', async () => {
      await put('u-3');
      const keys = Array.from({ length: 20 }, (_, i) => `k${i}`);
      const answers = await Promise.all(
        keys.map((key) => chat('PATCH', '/v1/profiles/u-3', { attributes: { [key]: 1 } })),
      );
      expect(answers.map(({ status }) => status)).toEqual(keys.map(() => 200));
      const { attributes, version } = profileOf(await chat('GET', '/v1/profiles/u-3'));
      expect(Object.keys(attributes).sort()).toEqual([...keys].sort());
      expect(version).toBe(21);
    });

    it('refuses a change from a version that is past', async () => {
      await put('u-4');
      const stale = { 'if-match': '"1"' };
      expect((await chat('PATCH', '/v1/profiles/u-4', { gender: 'male' }, stale)).status).toBe(200);
      for (const method of ['PATCH', 'PUT']) {
        const answer = await chat(method, '/v1/profiles/u-4', { consent: CONSENT }, stale);
        expect(answer).toMatchObject({ status: 412, body: { code: 'version_mismatch' } });
      }
      expect((await chat('GET', '/v1/profiles/u-4')).body).toMatchObject({ gender: 'male', version: 2 });
      expect((await chat('PUT', '/v1/profiles/u-4', { consent: CONSENT }, { 'if-match': '"2"' })).body).toMatchObject({
        version: 3,
      });
      const gone = await chat('PUT', '/v1/profiles/u-gone', { consent: CONSENT }, stale);
      expect(gone).toMatchObject({ status: 412, body: { code: 'version_mismatch' } });
      expect((await chat('GET', '/v1/profiles/u-gone')).status).toBe(404);
    });

    it('refuses segments that are not in the catalogue by their place', async () => {
      const interests = { 'auto.ev': 0.5, 'auto.flying': 0.5, 'auto.boat': 0 };
      for (const method of ['PUT', 'PATCH']) {
        const answer = await chat(method, '/v1/profiles/u-4', {
          interests,
          ...(method === 'PUT' ? { consent: CONSENT } : {}),
        });
        expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_request' } });
        expect((answer.body as Problem).errors).toEqual([
          { path: 'interests.auto.flying', message: 'is not a segment of the catalogue' },
          { path: 'interests.auto.boat', message: 'is not a segment of the catalogue' },
        ]);
      }
    });

    it('takes a segment from the moment that its creation was answered, on every process', async () => {
      const other = await startTestApp({ sharing: app });
      try {
        const body = { consent: CONSENT, interests: { 'late.segment': 0.5 } };
        expect((await other.request('PUT', '/v1/profiles/u-5', body)).status).toBe(422);
        await app.request('POST', '/v1/segments', { id: 'late.segment', name: { en: 'Late' } });
        expect((await other.request('PUT', '/v1/profiles/u-5', body)).status).toBe(201);
      } finally {
        await other.close();
      }
    });
  });

  describe('hostile input', () => {
    it.each(['a b', '%ED%95%9C', 'a%2Fb', 'x'.repeat(129), "'; DROP TABLE profiles --", '..%2f', '%F0%9F%98%80'])(
      'refuses the user id %p',
      async (userId) => {
        for (const method of ['GET', 'DELETE']) {
          const answer = await chat(method, `/v1/profiles/${userId}`);
          expect(answer).toMatchObject({
            status: 422,
            body: { code: 'invalid_request', errors: [{ path: 'userId' }] },
          });
        }
        expect((await put(userId)).status).toBe(422);
      },
    );

    it('refuses a NUL in a user id', async () => {
      expect((await chat('GET', '/v1/profiles/a%00b')).status).toBe(400);
    });

    it.each(['user@example.com', 'A-Z_09.:@', 'x'.repeat(128)])('takes the user id %p', async (userId) => {
      expect(await put(userId)).toMatchObject({ status: 201, body: { userId } });
    });

    it.each([
      ['no body', undefined],
      ['null', null],
      ['a list', []],
      ['a text', 'text'],
      ['a number', 7],
    ])('refuses %s in place of a profile', async (_name, body) => {
      const answer = await app.request('PUT', '/v1/profiles/u-hostile', body === 'text' ? '"text"' : body, {
        key: chatKey,
        headers: body === 'text' ? { 'content-type': 'application/json' } : {},
      });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
      expect(typeof (answer.body as Problem).code).toBe('string');
    });

    it.each([
      ['{"consent":{"personalized":true,"nightTime":true},"attributes":{"a":1e999}}', 'attributes.a'],
      ['{"consent":{"personalized":true,"nightTime":true},"attributes":{"a":"x\\u0000"}}', 'attributes.a'],
      ['{"consent":{"personalized":true,"nightTime":true},"attributes":{"a":"\\ud800"}}', 'attributes.a'],
      ['{"consent":{"personalized":true,"nightTime":true},"interests":{"auto.ev":1e-400000000000}}', null],
      ['{"consent":{"personalized":true,"nightTime":true},"interests":{"constructor":1}}', 'interests.constructor'],
      ['{"consent":{"personalized":true,"nightTime":true},"userId":"someone-else"}', 'userId'],
    ])('answers %s with the place of its fault', async (body, path) => {
      const headers = { 'content-type': 'application/json' };
      const answer = await app.request('PUT', '/v1/profiles/u-hostile', body, { key: chatKey, headers });
      if (path === null) expect(answer.status).toBeLessThan(300);
      else {
        expect([400, 422]).toContain(answer.status);
        expect((answer.body as Problem).errors).toMatchObject([{ path }]);
      }
    });

    it.each([501, 2_500, 50_000])('refuses %d interests, with the limit', async (count) => {
      const interests = Object.fromEntries(Array.from({ length: count }, (_, i) => [`s${i}`, 1]));
      for (const method of ['PUT', 'PATCH']) {
        const answer = await chat(method, '/v1/profiles/u-hostile', { interests });
        const message = `must have at most 500 entries, not ${count}`;
        expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_request' } });
        expect((answer.body as Problem).errors).toContainEqual({ path: 'interests', message });
      }
    });

    it('stores the largest and the smallest numbers as they are', async () => {
      const attributes = { a: Number.MAX_VALUE, b: Number.MIN_VALUE, c: -1e-300, d: 2 ** 53 + 2, e: 0.1 + 0.2 };
      await put('u-numbers', { attributes });
      expect(profileOf(await chat('GET', '/v1/profiles/u-numbers')).attributes).toEqual(attributes);
    });
  });

  describe('access', () => {
    it('is for the chat backend and admins', async () => {
      await put('u-6');
      const analystKey = await issueKey({ role: 'analyst' });
      for (const key of [advertiserKey, analystKey]) {
        for (const [method, path, body] of [
          ['GET', '/v1/profiles/u-6', undefined],
          ['PUT', '/v1/profiles/u-6', { consent: CONSENT }],
          ['PATCH', '/v1/profiles/u-6', {}],
          ['DELETE', '/v1/profiles/u-6', undefined],
          ['POST', '/v1/signals', { signals: [] }],
        ] as const) {
          expect((await app.request(method, path, body, { key })).status).toBe(403);
        }
      }
      expect((await app.request('GET', '/v1/profiles/u-6', undefined, { key: null })).status).toBe(401);
      expect((await app.request('GET', '/v1/profiles/u-6')).status).toBe(200);
    });
  });

  describe('ProfileSource', () => {
    it('gives what matching reads, with the audiences of the member', async () => {
      await put('u-7', {
        interests: { 'auto.ev': 0.5 },
        birthDate: '1994-05-07',
        attributes: { score: 1 },
        mutedAdvertisers: ['adv_01KAN2Z5T8Q0V4W6X8Y0Z2B4D6'],
        timeZone: 'Asia/Seoul',
      });
      await put('u-8', { birthYear: 1990, consent: { personalized: false, nightTime: true } });
      const audience = await app.request('POST', '/v1/audiences', { advertiserId, name: '구매 고객' });
      const id = idOf(audience);
      await app.request('PUT', `/v1/audiences/${id}/members`, { userIds: ['u-7', 'u-without-profile'] });

      const source = app.app.get(ProfileSource);
      const [full, bare, none] = await Promise.all(
        ['u-7', 'u-8', 'u-without-profile'].map((userId) => source.read(userId)),
      );
      expect(full).toEqual({
        userId: 'u-7',
        interests: new Map([['auto.ev', 0.5]]),
        birth: { year: 1994, month: 5, day: 7 },
        gender: null,
        country: null,
        region: null,
        language: null,
        timeZone: 'Asia/Seoul',
        attributes: new Map([['score', 1]]),
        personalized: true,
        nightTime: false,
        mutedAdvertisers: new Set(['adv_01KAN2Z5T8Q0V4W6X8Y0Z2B4D6']),
        audiences: new Set([id]),
      });
      expect(bare).toMatchObject({ birth: { year: 1990 }, personalized: false, nightTime: true, audiences: new Set() });
      expect(none).toBeNull();
    });

    it('reads what was written a moment before, and many members at once', async () => {
      const source = app.app.get(ProfileSource);
      const userIds = Array.from({ length: 1_200 }, (_, i) => `many-${i}`);
      const lines = userIds.map((userId) => JSON.stringify({ userId, consent: CONSENT })).join('\n');
      await app.request('POST', '/v1/profiles/bulk', lines, { headers: { 'content-type': 'application/x-ndjson' } });
      const queries = await countQueries(async () => {
        const members = await Promise.all([...userIds, ...userIds].map((userId) => source.read(userId)));
        expect(members.map((member) => member?.userId)).toEqual([...userIds, ...userIds]);
      });
      expect(queries).toBeLessThanOrEqual(5);
      await put('many-7', { gender: 'other' });
      expect(await source.read('many-7')).toMatchObject({ gender: 'other' });
      await chat('DELETE', '/v1/profiles/many-7');
      expect(await source.read('many-7')).toBeNull();
    });

    async function countQueries(work: () => Promise<void>): Promise<number> {
      const { dataSource } = app;
      const query = dataSource.query.bind(dataSource);
      let count = 0;
      dataSource.query = ((...parameters: Parameters<typeof query>) => {
        // Other parts of the product ask at their own times.
        if (parameters[0].includes('FROM profiles')) count += 1;
        return query(...parameters);
      }) as typeof dataSource.query;
      try {
        await work();
      } finally {
        dataSource.query = query;
      }
      return count;
    }
  });

  it('erases a member from the audiences, too', async () => {
    await put('u-9');
    const audience = idOf(await app.request('POST', '/v1/audiences', { advertiserId, name: '떠난 고객' }));
    await app.request('PUT', `/v1/audiences/${audience}/members`, { userIds: ['u-9', 'u-10'] });
    await chat('DELETE', '/v1/profiles/u-9');
    expect((await app.request('GET', `/v1/audiences/${audience}`)).body).toMatchObject({ memberCount: 1 });
  });
});
