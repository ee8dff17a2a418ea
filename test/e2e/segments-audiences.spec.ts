import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AudienceDto, AudiencePageDto, CountedAudienceDto } from '../../src/profiles/audience.dto.js';
import { AudienceDirectory, SegmentCatalogue } from '../../src/profiles/profiles.api.js';
import type { SegmentDto, SegmentPageDto } from '../../src/profiles/segment.dto.js';
import type { UploadResult } from '../../src/profiles/upload-verdicts.js';
import { eventually, startTestApp, type TestApp, type TestResponse } from '../servers/test-app.js';

const NDJSON = { 'content-type': 'application/x-ndjson' };

describe('segments and audiences', () => {
  let app: TestApp;
  let one: Tenant;
  let other: Tenant;

  interface Tenant {
    readonly advertiserId: string;
    readonly key: string;
  }

  beforeAll(async () => {
    app = await startTestApp();
    one = await createTenant('한빛전자');
    other = await createTenant('두리상사');
  });

  afterAll(() => app.close());

  async function createTenant(name: string): Promise<Tenant> {
    const advertiser = await app.request('POST', '/v1/advertisers', { name, currency: 'KRW', timeZone: 'Asia/Seoul' });
    const advertiserId = (advertiser.body as { id: string }).id;
    return { advertiserId, key: await issueKey({ role: 'advertiser', advertiserId }) };
  }

  async function issueKey(body: object): Promise<string> {
    const response = await app.request('POST', '/v1/api-keys', { name: 'test', ...body });
    expect(response.status).toBe(201);
    return (response.body as { key: string }).key;
  }

  describe('segments', () => {
    function post(body: unknown): Promise<TestResponse> {
      return app.request('POST', '/v1/segments', body);
    }

    async function upload(lines: readonly unknown[]): Promise<UploadResult> {
      const body = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
      const answer = await app.request('POST', '/v1/segments/bulk', body, { headers: NDJSON });
      expect(answer.status).toBe(200);
      return answer.body as UploadResult;
    }

    async function listed(prefix: string, limit = 500): Promise<SegmentDto[]> {
      const found: SegmentDto[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const path = `/v1/segments?limit=${limit}${cursor === '' ? '' : `&cursor=${cursor}`}`;
        const page = (await app.request('GET', path)).body as SegmentPageDto;
        expect(page.data.length).toBeLessThanOrEqual(limit);
        found.push(...page.data);
        cursor = page.nextCursor;
      }
      return found.filter(({ id }) => id.startsWith(prefix));
    }

    it('are created, replaced and listed in pages', async () => {
      const car = { id: 'car', name: { ko: '자동차', en: 'Cars' }, sensitive: false, parentId: null };
      expect(await post(car)).toMatchObject({ status: 201, body: car });
      const electric = { id: 'car.ev', name: { ko: '전기차' }, parentId: 'car', sensitive: true };
      expect(await post(electric)).toMatchObject({ status: 201, body: electric });
      expect(await post({ id: 'car.ev', name: { en: 'Electric cars' } })).toMatchObject({
        status: 200,
        body: { name: { en: 'Electric cars' }, parentId: null, sensitive: false },
      });
      expect((await listed('car', 1)).map(({ id, name }) => [id, name])).toEqual([
        ['car', car.name],
        ['car.ev', { en: 'Electric cars' }],
      ]);
    });

    it.each([
      ['an id in capitals', { id: 'Car', name: { ko: '차' } }, 'id'],
      ['no name', { id: 'x.1', name: {} }, 'name'],
      ['a name in another language', { id: 'x.1', name: { ko: '차', fr: 'voiture' } }, 'name.fr'],
      ['a blank name', { id: 'x.1', name: { ko: ' ' } }, 'name.ko'],
      ['a name that is no object', { id: 'x.1', name: '차' }, 'name'],
      ['an unknown parent', { id: 'x.1', name: { ko: '차' }, parentId: 'nowhere' }, 'parentId'],
      ['itself as its parent', { id: 'x.1', name: { ko: '차' }, parentId: 'x.1' }, 'parentId'],
      ['an unknown field', { id: 'x.1', name: { ko: '차' }, colour: 'red' }, 'colour'],
      ['sensitive as a text', { id: 'x.1', name: { ko: '차' }, sensitive: 'no' }, 'sensitive'],
    ])('with %s are refused', async (_name, body, path) => {
      const answer = await post(body);
      expect(answer.status).toBe(422);
      expect((answer.body as { errors: { path: string }[] }).errors.map((error) => error.path)).toContain(path);
      expect(await listed('x.')).toEqual([]);
    });

    it('never close a circle, also when two halves of it come at once', async () => {
      await upload(['p', 'q', 'r'].map((id) => ({ id: `circle.${id}`, name: { en: id } })));
      const halves = [
        { id: 'circle.p', name: { en: 'p' }, parentId: 'circle.q' },
        { id: 'circle.q', name: { en: 'q' }, parentId: 'circle.r' },
        { id: 'circle.r', name: { en: 'r' }, parentId: 'circle.p' },
      ];
      const answers = await Promise.all(halves.map(post));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 422]);
      const parents = new Map((await listed('circle.')).map(({ id, parentId }) => [id, parentId]));
      expect([...parents.values()].filter((parent) => parent === null)).toHaveLength(1);
    });

    it('are taken in bulk with parents behind their children, and each wrong line gets its verdict', async () => {
      const { accepted, rejected } = await upload([
        { id: 'bulk.leaf', name: { en: 'Leaf' }, parentId: 'bulk.branch' },
        '',
        { id: 'bulk.branch', name: { en: 'Branch' }, parentId: 'bulk.root' },
        { id: 'bulk.root', name: { en: 'Root' } },
        { id: 'bulk.root', name: { en: 'Again' } },
        { id: 'bulk.lost', name: { en: 'Lost' }, parentId: 'nowhere' },
        { id: 'bulk.loster', name: { en: 'Below the lost one' }, parentId: 'bulk.lost' },
        { id: 'bulk.nameless', name: {} },
        '{"id":"bulk.half",',
        '[]',
        { id: 'bulk.long', name: { en: 'x'.repeat(5_000) } },
      ]);
      expect(accepted).toBe(3);
      expect(rejected.map(({ line, code }) => [line, code])).toEqual([
        [5, 'invalid_request'],
        [6, 'invalid_request'],
        [7, 'invalid_request'],
        [8, 'invalid_request'],
        [9, 'malformed_request'],
        [10, 'malformed_request'],
        [11, 'line_too_long'],
      ]);
      expect((await listed('bulk.')).map(({ id, parentId }) => [id, parentId])).toEqual([
        ['bulk.branch', 'bulk.root'],
        ['bulk.leaf', 'bulk.branch'],
        ['bulk.root', null],
      ]);
    });

    it('stop being read after 1,000 wrong lines', async () => {
      const { accepted, rejected } = await upload([
        { id: 'stop.first', name: { en: 'First' } },
        ...Array.from({ length: 1_200 }, () => '{}'),
        { id: 'stop.last', name: { en: 'Last' } },
      ]);
      expect(accepted).toBe(1);
      expect(rejected).toHaveLength(1_001);
      expect(rejected.at(-1)).toMatchObject({ line: 1_002, code: 'too_many_rejected_lines' });
      expect((await listed('stop.')).map(({ id }) => id)).toEqual(['stop.first']);
    });

    it('are read by every role, and written by the chat backend and admins', async () => {
      const keys = {
        chat: await issueKey({ role: 'chat' }),
        analyst: await issueKey({ role: 'analyst' }),
        advertiser: one.key,
      };
      const body = { id: 'roles', name: { en: 'Roles' } };
      const statuses = await Promise.all(
        Object.entries(keys).map(async ([role, key]) => [
          role,
          (await app.request('GET', '/v1/segments', undefined, { key })).status,
          (await app.request('POST', '/v1/segments', body, { key })).status < 300,
          (await app.request('POST', '/v1/segments/bulk', JSON.stringify(body), { key, headers: NDJSON })).status,
        ]),
      );
      expect(statuses).toEqual([
        ['chat', 200, true, 200],
        ['analyst', 200, false, 403],
        ['advertiser', 200, false, 403],
      ]);
    });

    it('are looked up by the other features with one query at most', async () => {
      await post({ id: 'known', name: { en: 'Known' } });
      const catalogue = app.app.get(SegmentCatalogue);
      expect(await catalogue.missing(['known', 'made-up', 'known', 'made-up'])).toEqual(['made-up']);
      expect(await catalogue.missing([])).toEqual([]);
    });
  });

  describe('audiences', () => {
    async function create(tenant: Tenant, name = '구매 고객'): Promise<AudienceDto> {
      const body = { advertiserId: tenant.advertiserId, name };
      const answer = await app.request('POST', '/v1/audiences', body, { key: tenant.key });
      expect(answer.status).toBe(201);
      return answer.body as AudienceDto;
    }

    async function members(id: string): Promise<string[]> {
      const rows = await app.dataSource.query<{ user_id: string }[]>(
        'SELECT user_id FROM audience_members WHERE audience_id = $1 ORDER BY user_id',
        [id],
      );
      return rows.map(({ user_id }) => user_id);
    }

    it('get their list by JSON or NDJSON, replaced or added to', async () => {
      const { id } = await create(one);
      const path = `/v1/audiences/${id}/members`;
      const key = one.key;
      const json = await app.request('PUT', path, { userIds: ['b', 'a', 'a'] }, { key });
      expect(json).toMatchObject({ status: 200, body: { accepted: 3, rejected: [] } });
      expect(await members(id)).toEqual(['a', 'b']);

      const lines =
        '{"userId":"b"}\r\n\n{"userId":"c"}\n{"userId":"c d"}\n{"userId":"d","x":1}\n{"userId":7}\nnull\n{"userId":"e"}';
      const added = await app.request('POST', path, lines, { key, headers: NDJSON });
      expect(added.status).toBe(200);
      const { accepted, rejected } = added.body as UploadResult;
      expect([accepted, rejected.map(({ line }) => line)]).toEqual([3, [4, 5, 6, 7]]);
      expect(await members(id)).toEqual(['a', 'b', 'c', 'e']);

      await app.request('PUT', path, '{"userId":"c"}\n{"userId":"f"}', { key, headers: NDJSON });
      expect(await members(id)).toEqual(['c', 'f']);
      expect((await app.request('GET', `/v1/audiences/${id}`, undefined, { key })).body).toMatchObject({
        memberCount: 2,
        version: 4,
      });
      await app.request('PUT', path, { userIds: [] }, { key });
      expect(await members(id)).toEqual([]);
    });

    it('keep their list when it is wrong as a whole', async () => {
      const { id } = await create(one);
      const path = `/v1/audiences/${id}/members`;
      await app.request('PUT', path, { userIds: ['kept'] });
      const wrong = Array.from({ length: 1_000 }, () => '{}').join('\n');
      const attempts: [unknown, Record<string, string>, number][] = [
        [`{"userId":"new"}\n${wrong}`, NDJSON, 422],
        [{ userIds: ['new', 'a b'] }, {}, 422],
        [{ userIds: 'new' }, {}, 422],
        [{ userIds: ['new'], extra: 1 }, {}, 422],
        [{ userIds: Array.from({ length: 10_001 }, (_, i) => `u${i}`) }, {}, 422],
        [[], {}, 400],
        [{ userIds: ['new'] }, { 'if-match': '"1"' }, 412],
      ];
      for (const [body, headers, status] of attempts) {
        expect((await app.request('PUT', path, body, { headers })).status).toBe(status);
      }
      expect(await members(id)).toEqual(['kept']);
    });

    it('take no more lines in one upload than they can hold in memory', async () => {
      const { id } = await create(one);
      const lines = Array.from({ length: 200_001 }, () => '{"userId":"u"}').join('\n');
      const answer = await app.request('PUT', `/v1/audiences/${id}/members`, lines, { headers: NDJSON });
      expect(answer).toMatchObject({ status: 413, body: { code: 'upload_too_large' } });
      expect(await members(id)).toEqual([]);
    });

    it('end as one of two lists that come at once, never as a mixture', async () => {
      const { id } = await create(one);
      const lists = ['x', 'y', 'z'].map((prefix) => Array.from({ length: 200 }, (_, i) => `${prefix}${i}`).sort());
      const answers = await Promise.all(
        lists.map((userIds) => app.request('PUT', `/v1/audiences/${id}/members`, { userIds })),
      );
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
      expect(lists).toContainEqual(await members(id));
    });

    it('leave connections to others, however many changes of one list wait', async () => {
      const { id } = await create(one);
      const blocker = app.dataSource.createQueryRunner();
      await blocker.startTransaction();
      await blocker.query('SELECT FROM audiences WHERE id = $1 FOR UPDATE', [id]);
      const changes = Array.from({ length: 8 }, (_, i) =>
        app.request('POST', `/v1/audiences/${id}/members`, { userIds: [`m-${i}`] }),
      );
      const waiting = async (): Promise<number> => {
        const rows = await app.dataSource.query<object[]>(
          `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
           AND query LIKE '%FROM audiences%'`,
        );
        return rows.length;
      };
      await eventually(async () => (await waiting()) === 2);
      for (let looks = 0; looks < 20; looks++) expect(await waiting()).toBe(2);
      await blocker.rollbackTransaction();
      await blocker.release();
      expect((await Promise.all(changes)).map(({ status }) => status)).toEqual(changes.map(() => 200));
    });

    it('of another tenant are answered as if they did not exist', async () => {
      const { id } = await create(one);
      await app.request('PUT', `/v1/audiences/${id}/members`, { userIds: ['kept'] });
      const missing = 'aud_01KAN2Z5T8Q0V4W6X8Y0Z2B4D6';
      for (const [method, suffix, body] of [
        ['GET', '', undefined],
        ['PUT', '/members', { userIds: ['new'] }],
        ['POST', '/members', { userIds: ['new'] }],
      ] as const) {
        const [foreign, absent] = await Promise.all(
          [id, missing].map((asked) =>
            app.request(method, `/v1/audiences/${asked}${suffix}`, body, { key: other.key }),
          ),
        );
        expect(foreign?.status).toBe(404);
        expect(foreign?.text.replaceAll(id, missing)).toBe(absent?.text);
      }
      expect(await members(id)).toEqual(['kept']);
      const foreignOwner = { advertiserId: one.advertiserId, name: '남의 목록' };
      expect((await app.request('POST', '/v1/audiences', foreignOwner, { key: other.key })).status).toBe(404);
      const filter = `/v1/audiences?advertiserId=${one.advertiserId}`;
      expect((await app.request('GET', filter, undefined, { key: other.key })).status).toBe(404);
    });

    it('are listed by tenant, in pages', async () => {
      const tenant = await createTenant('세 번째');
      const ids = [];
      for (let i = 0; i < 3; i++) ids.push((await create(tenant, `목록 ${i}`)).id);
      const first = await app.request('GET', '/v1/audiences?limit=2', undefined, { key: tenant.key });
      const { data, nextCursor } = first.body as AudiencePageDto;
      expect(data.map(({ id }) => id)).toEqual(ids.slice(0, 2));
      const rest = await app.request('GET', `/v1/audiences?limit=2&cursor=${nextCursor}`, undefined, {
        key: tenant.key,
      });
      expect(rest.body).toMatchObject({ data: [{ id: ids[2], name: '목록 2' }], nextCursor: null });
      const filtered = await app.request('GET', `/v1/audiences?advertiserId=${tenant.advertiserId}`);
      expect((filtered.body as AudiencePageDto).data.map(({ id }) => id)).toEqual(ids);
      const all = (await app.request('GET', '/v1/audiences?limit=500')).body as AudiencePageDto;
      expect(new Set(all.data.map(({ advertiserId }) => advertiserId)).size).toBeGreaterThan(1);
    });

    it('are created once for one Idempotency-Key', async () => {
      const body = { advertiserId: one.advertiserId, name: '한 번만' };
      const options = { key: one.key, headers: { 'idempotency-key': 'audience-1' } };
      const [first, second] = [
        await app.request('POST', '/v1/audiences', body, options),
        await app.request('POST', '/v1/audiences', body, options),
      ];
      expect(second.body).toEqual(first.body);
    });

    it.each([
      [{ advertiserId: 'adv_nobody', name: '누구' }, 404],
      [{ advertiserId: 'adv_nobody' }, 422],
      [{ advertiserId: 'adv_nobody', name: ' ' }, 422],
      [{ advertiserId: 'adv_nobody', name: 'a', members: [] }, 422],
    ])('are refused with %j', async (body, status) => {
      expect((await app.request('POST', '/v1/audiences', body)).status).toBe(status);
    });

    it.each(['x', 'aud_%ED%95%9C', "aud_';--", 'aud_' + 'x'.repeat(200)])('answer 404 to the id %p', async (id) => {
      expect((await app.request('GET', `/v1/audiences/${id}`)).status).toBe(404);
      expect((await app.request('PUT', `/v1/audiences/${id}/members`, { userIds: [] })).status).toBe(404);
    });

    it('are not for the chat backend and analysts', async () => {
      const { id } = await create(one);
      for (const role of ['chat', 'analyst']) {
        const key = await issueKey({ role });
        expect((await app.request('GET', `/v1/audiences/${id}`, undefined, { key })).status).toBe(403);
        expect((await app.request('PUT', `/v1/audiences/${id}/members`, { userIds: [] }, { key })).status).toBe(403);
      }
    });

    it('are looked up by the other features for their own advertiser only', async () => {
      const mine = (await create(one)).id;
      const theirs = (await create(other)).id;
      const directory = app.app.get(AudienceDirectory);
      expect(await directory.missing(one.advertiserId, [mine, theirs, 'aud_x', 'aud_x'])).toEqual([theirs, 'aud_x']);
      expect(await directory.missing(one.advertiserId, [])).toEqual([]);
    });

    it('count their members', async () => {
      const { id } = await create(one);
      const userIds = Array.from({ length: 10_000 }, (_, i) => `counted-${i}`);
      await app.request('PUT', `/v1/audiences/${id}/members`, { userIds });
      expect((await app.request('GET', `/v1/audiences/${id}`)).body as CountedAudienceDto).toMatchObject({
        memberCount: 10_000,
      });
    });
  });
});
