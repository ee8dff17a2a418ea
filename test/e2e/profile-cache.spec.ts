import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { BatchedProfileSource } from '../../src/profiles/batched-profile-source.js';
import { ProfileChanges } from '../../src/profiles/profile-changes.js';
import { ProfileSource } from '../../src/profiles/profiles.api.js';
import { BreakableProxy } from '../servers/breakable-proxy.js';
import { eventually, startTestApp, type TestApp } from '../servers/test-app.js';
import { until } from '../servers/until.js';
import { createAdvertiser } from './fixtures.js';

const profile = (language: string, fields: object = {}) => ({
  interests: {},
  attributes: {},
  language,
  consent: { personalized: true, nightTime: true },
  ...fields,
});

describe('the profile cache', () => {
  let proxy: BreakableProxy;
  let writer: TestApp;
  let reader: TestApp;
  let members = 0;
  let member: string;
  let areHeard: () => boolean;
  const heard = new Set<string>();

  beforeAll(async () => {
    writer = await startTestApp();
    proxy = await BreakableProxy.before(writer.databaseUrl);
    reader = await startTestApp({
      sharing: writer,
      databaseUrl: proxy.url,
      env: { PROFILE_CACHE_SIZE: '3', DATABASE_POOL_SIZE: '4' },
    });
    const changes = reader.app.get(ProfileChanges, { strict: false });
    changes.onChange((userIds) => userIds?.forEach((userId) => heard.add(userId)));
    areHeard = () => changes.areHeard;
  });

  afterAll(async () => {
    await reader.close();
    await proxy.cut();
    await writer.close();
  });

  beforeEach(async () => {
    member = `m-${members++}`;
    await put(member, profile('ko'));
    await until('the reader has heard of the member', () => Promise.resolve(heard.has(member)));
  });

  const put = async (userId: string, body: object): Promise<void> => {
    const response = await writer.request('PUT', `/v1/profiles/${userId}`, body);
    expect([200, 201]).toContain(response.status);
  };
  const sourceOf = (app: TestApp): ProfileSource => app.app.get(ProfileSource, { strict: false });
  const cachedBy = (app: TestApp, userId: string) => sourceOf(app).cached(userId);
  const readBy = (app: TestApp, userId: string) => Promise.resolve(sourceOf(app).read(userId));

  it('asks the database once for a member, and for one without a profile', async () => {
    const queries = jest.spyOn(reader.app.get(BatchedProfileSource, { strict: false }), 'read');
    for (const userId of [member, 'm-unknown']) {
      const together = await Promise.all([readBy(reader, userId), readBy(reader, userId)]);
      expect(await readBy(reader, userId)).toBe(together[0]);
      expect(together[1]).toBe(together[0]);
    }
    expect(cachedBy(reader, member)).toMatchObject({ userId: member, language: 'ko' });
    expect(cachedBy(reader, 'm-unknown')).toBeNull();
    expect(queries.mock.calls).toEqual([[member], ['m-unknown']]);
    queries.mockRestore();
  });

  it('keeps no more members than it may', async () => {
    const ids = ['m-a', 'm-b', 'm-c', 'm-d'];
    for (const id of ids) await readBy(reader, id);
    expect(ids.map((id) => cachedBy(reader, id) === undefined)).toEqual([true, false, false, false]);
  });

  it('forgets at once what its own process has changed', async () => {
    const change = async (work: () => Promise<unknown>) => {
      // Nothing is kept while the listening connection is late, as it is on a busy machine.
      await eventually(async () => {
        await readBy(writer, member);
        return cachedBy(writer, member) !== undefined;
      });
      await work();
      expect(cachedBy(writer, member)).toBeUndefined();
    };
    await writer.request('POST', '/v1/segments', { id: 'auto.ev', name: { ko: '전기차' } });
    await change(() => put(member, profile('en')));
    await change(() => writer.request('PATCH', `/v1/profiles/${member}`, { language: 'ja' }));
    await change(() =>
      writer.request('POST', '/v1/signals', { signals: [{ userId: member, segment: 'auto.ev', strength: 1 }] }),
    );
    const line = JSON.stringify({ userId: member, ...profile('de') });
    await change(() =>
      writer.request('POST', '/v1/profiles/bulk', line, { headers: { 'content-type': 'application/x-ndjson' } }),
    );
    expect(await readBy(writer, member)).toMatchObject({ language: 'de' });
    await change(() => writer.request('DELETE', `/v1/profiles/${member}`));
    expect(await readBy(writer, member)).toBeNull();
  });

  it('hears of what another process has changed, lists of audiences too', async () => {
    const seen = async (what: string, isSeen: (language: unknown, audiences: number) => boolean) =>
      until(what, async () => {
        const found = await readBy(reader, member);
        return isSeen(found?.language ?? null, found?.audiences.size ?? 0);
      });
    await readBy(reader, member);
    await put(member, profile('en'));
    await seen('the new language', (language) => language === 'en');
    const advertiserId = await createAdvertiser(writer);
    const audience = await writer.request('POST', '/v1/audiences', { advertiserId, name: '시승 신청자' });
    const added = await writer.request('POST', `/v1/audiences/${audience.body.id}/members`, {
      userIds: [member],
    });
    expect(added.status).toBeLessThan(300);
    await seen('the audience', (_language, audiences) => audiences === 1);
    await writer.request('DELETE', `/v1/profiles/${member}`);
    await seen('the erasure', (language) => language === null);
  });

  it('does not keep what was read before a change that came meanwhile', async () => {
    const source = reader.app.get(BatchedProfileSource, { strict: false });
    let answer: (profile: null) => void = () => undefined;
    const reads = jest.spyOn(source, 'read').mockImplementationOnce(() => new Promise((resolve) => (answer = resolve)));
    const slow = readBy(reader, member);
    await put(member, profile('fr'));
    await until('a read of its own after the change', async () => (await readFresh())?.language === 'fr');
    answer(null);
    expect(await slow).toBeNull();
    expect(cachedBy(reader, member)).toMatchObject({ language: 'fr' });
    reads.mockRestore();

    /** The slow read is shared until the change is heard. */
    function readFresh() {
      return Promise.race([
        readBy(reader, member),
        new Promise<null>((resolve) => setImmediate(() => setImmediate(() => resolve(null)))),
      ]);
    }
  });

  it.each(['cut', 'hang'] as const)(
    'is not asked while Postgres may go unheard (%s), and is empty afterwards',
    async (way) => {
      await readBy(reader, member);
      expect(cachedBy(reader, member)).toBeDefined();
      await proxy[way]();
      await until('the loss is noticed', () => Promise.resolve(!areHeard()));
      expect(cachedBy(reader, member)).toBeUndefined();
      await put(member, profile('es'));
      await proxy.mend();
      await until('it is used again, and right', async () => {
        const found = await readBy(reader, member).catch(() => null);
        expect(found?.language).not.toBe('ko');
        return cachedBy(reader, member)?.language === 'es';
      });
    },
  );
});
