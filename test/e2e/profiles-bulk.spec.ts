import { request as httpRequest } from 'node:http';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { UploadResult } from '../../src/profiles/upload-verdicts.js';
import { eventually, startTestApp, type TestApp, type TestResponse } from '../servers/test-app.js';

const NDJSON = { 'content-type': 'application/x-ndjson' };
const CONSENT = { personalized: true, nightTime: false };

describe('profiles in bulk', () => {
  let app: TestApp;
  let chatKey: string;

  beforeAll(async () => {
    app = await startTestApp();
    const key = await app.request('POST', '/v1/api-keys', { role: 'chat', name: 'test' });
    chatKey = (key.body as { key: string }).key;
    for (const id of ['auto.ev', 'sports.golf']) await app.request('POST', '/v1/segments', { id, name: { en: id } });
  });

  afterAll(() => app.close());

  afterEach(() => app.dataSource.query('TRUNCATE profiles'));

  function line(userId: string, fields: object = {}): string {
    return JSON.stringify({ userId, consent: CONSENT, ...fields });
  }

  function send(body: string | Uint8Array, headers: Record<string, string> = NDJSON): Promise<TestResponse> {
    return app.request('POST', '/v1/profiles/bulk', body, { key: chatKey, headers });
  }

  async function upload(lines: readonly (string | Buffer)[]): Promise<UploadResult> {
    const answer = await send(Buffer.concat(lines.flatMap((text) => [Buffer.from(text), Buffer.from('\n')])));
    expect(answer.status).toBe(200);
    return answer.body as UploadResult;
  }

  async function stream(chunks: Iterable<Buffer> | AsyncIterable<Buffer>): Promise<UploadResult> {
    const answer = await fetch(`${app.url}/v1/profiles/bulk`, {
      method: 'POST',
      headers: { authorization: `Bearer ${chatKey}`, ...NDJSON },
      body: Readable.toWeb(Readable.from(chunks)) as ReadableStream,
      duplex: 'half',
    });
    return (await answer.json()) as UploadResult;
  }

  async function stored(): Promise<Map<string, number | null>> {
    const rows = await app.dataSource.query<{ user_id: string; birth_year: number | null }[]>(
      'SELECT user_id, birth_year FROM profiles ORDER BY user_id',
    );
    return new Map(rows.map(({ user_id, birth_year }) => [user_id, birth_year]));
  }

  it('takes the good lines of a half-valid upload, and says what is wrong with each other one', async () => {
    const interests = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`s${i}`, 1]));
    const wrong: [string | Buffer, string, string][] = [
      ['{"userId":"x",', 'malformed_request', 'JSON'],
      ['not json', 'malformed_request', 'JSON'],
      ['[]', 'invalid_request', 'must be a JSON object'],
      ['null', 'invalid_request', 'must be a JSON object'],
      ['{}', 'invalid_request', 'userId: must be'],
      [Buffer.from([...Buffer.from('{"userId":"'), 0xff, 0xfe]), 'malformed_request', 'UTF-8'],
      ['{"userId":"x\\u0000"}', 'malformed_request', 'NUL'],
      [line('x', { attributes: { a: '\ud800' } }), 'malformed_request', 'attributes.a'],
      ['['.repeat(200) + ']'.repeat(200), 'too_deep', '100 levels'],
      [line('x', { attributes: { a: 'y'.repeat(70_000) } }), 'line_too_long', '65536 bytes'],
      [line('a b'), 'invalid_request', 'userId: must be'],
      ['{"userId":"x"}', 'invalid_request', 'consent: is required'],
      [
        line('x', { interests: { 'auto.ev': 2 } }),
        'invalid_request',
        'interests.auto.ev: must be a weight from 0 to 1',
      ],
      [
        line('x', { interests: interests(501) }),
        'invalid_request',
        'interests: must have at most 500 entries, not 501',
      ],
      [line('x', { interests: interests(5_000) }), 'invalid_request', 'must have at most 500 entries, not 5000'],
      [line('x', { interests: { 'auto.flying': 0.5 } }), 'invalid_request', 'interests.auto.flying: is not a segment'],
      [line('x', { attributes: { a: 1, b: [] }, gender: 1 }), 'invalid_request', 'gender: '],
      [line('x', { nickname: '민지' }), 'invalid_request', 'nickname: is not a known field'],
    ];
    const lines: (string | Buffer)[] = [];
    const expected: [number, string, string][] = [];
    for (let i = 0; i < 10_000; i++) {
      const fault = i % 20 === 7 ? wrong[((i / 20) % wrong.length) | 0] : undefined;
      if (fault !== undefined) expected.push([i + 1, fault[1], fault[2]]);
      lines.push(fault?.[0] ?? line(`u-${i}`, { interests: { 'auto.ev': (i % 10) / 10 }, birthYear: 1950 + (i % 50) }));
    }
    const { accepted, rejected } = await upload(lines);
    expect(accepted).toBe(10_000 - expected.length);
    expect(rejected.map(({ line: at, code }) => [at, code])).toEqual(expected.map(([at, code]) => [at, code]));
    rejected.forEach(({ message }, i) => expect(message).toContain(expected[i]?.[2]));
    const members = await stored();
    expect(members.size).toBe(accepted);
    expect(members.get('u-8')).toBe(1958);
    expect(members.has('x')).toBe(false);
  });

  it('writes what a PUT of the same body writes', async () => {
    const body = {
      interests: { 'auto.ev': 0.8, 'sports.golf': 0 },
      birthDate: '1994-05-17',
      gender: 'female',
      country: 'KR',
      region: 'KR-11',
      language: 'ko',
      timeZone: 'Asia/Seoul',
      attributes: { occupation: 'a "b" \\ {c},', score: 1e-7, vip: false },
      consent: CONSENT,
      mutedAdvertisers: ['adv_01KAN2Z5T8Q0V4W6X8Y0Z2B4D6', 'adv_01KAN2Z5T8Q0V4W6X8Y0Z2B4D7'],
    };
    await upload([line('bulk', body), line('bare')]);
    await app.request('PUT', '/v1/profiles/single', body);
    await app.request('PUT', '/v1/profiles/single-bare', { consent: CONSENT });
    const [bulk, single, bare, singleBare] = await Promise.all(
      ['bulk', 'single', 'bare', 'single-bare'].map(async (userId) => {
        const answer = await app.request('GET', `/v1/profiles/${userId}`);
        return { ...(answer.body as object), userId: null, createdAt: null, updatedAt: null };
      }),
    );
    expect(bulk).toEqual(single);
    expect(bare).toEqual(singleBare);
  });

  it('lets the last good line of a member win, within a chunk and across chunks', async () => {
    const filler = Array.from({ length: 1_500 }, (_, i) => line(`f-${i}`));
    const { accepted, rejected } = await upload([
      line('one', { birthYear: 1990 }),
      line('one', { birthYear: 1991 }),
      line('two', { birthYear: 1980 }),
      ...filler,
      line('two', { birthYear: 1981 }),
      line('one', { birthYear: 1992, interests: { 'auto.flying': 1 } }),
    ]);
    expect([accepted, rejected.length]).toEqual([1_504, 1]);
    const members = await stored();
    expect([members.get('one'), members.get('two'), members.size]).toEqual([1991, 1981, 1_502]);
  });

  it('replaces profiles that exist, and counts the change', async () => {
    await upload([line('again', { birthYear: 1990, gender: 'male' })]);
    await upload([line('again', { gender: 'female' })]);
    const answer = await app.request('GET', '/v1/profiles/again');
    expect(answer).toMatchObject({ body: { version: 2, gender: 'female', birthYear: null } });
  });

  it.each([
    ['broken', '{'],
    ['without a known segment', line('x', { interests: { nowhere: 1 } })],
  ])('stops after 1,000 lines that are %s, and writes nothing that stands behind them', async (_name, wrong) => {
    const { accepted, rejected } = await upload([
      line('before'),
      ...Array.from({ length: 999 }, () => wrong),
      line('between'),
      wrong,
      line('behind'),
      ...Array.from({ length: 2_000 }, () => wrong),
    ]);
    expect(accepted).toBe(2);
    expect(rejected).toHaveLength(1_001);
    expect(rejected[999]).toMatchObject({ line: 1_002 });
    expect(rejected[1_000]).toMatchObject({ line: 1_003, code: 'too_many_rejected_lines' });
    expect([...(await stored()).keys()]).toEqual(['before', 'between']);
  });

  it('does not say that it stopped when the 1,000th wrong line is the last one', async () => {
    const { accepted, rejected } = await upload([line('before'), ...Array.from({ length: 1_000 }, () => '{}')]);
    expect([accepted, rejected.length, rejected.at(-1)?.code]).toEqual([1, 1_000, 'invalid_request']);
  });

  it('takes an empty upload for what it is', async () => {
    expect(await upload(['', ' ', ''])).toEqual({ accepted: 0, rejected: [] });
  });

  it('refuses other content types, and callers who may not write profiles', async () => {
    const one = line('u');
    expect((await send(one, { 'content-type': 'application/json' })).status).toBe(415);
    expect((await send(one, { 'content-type': 'text/plain' })).status).toBe(415);
    const analyst = (await app.request('POST', '/v1/api-keys', { role: 'analyst', name: 'a' })).body as { key: string };
    const refused = await app.request('POST', '/v1/profiles/bulk', one, { key: analyst.key, headers: NDJSON });
    expect(refused.status).toBe(403);
    expect((await stored()).size).toBe(0);
  });

  it('leaves whole chunks of an upload that breaks off', async () => {
    const upstream = httpRequest(`${app.url}/v1/profiles/bulk`, {
      method: 'POST',
      headers: { authorization: `Bearer ${chatKey}`, ...NDJSON },
    });
    upstream.on('error', () => undefined);
    upstream.write(Array.from({ length: 2_500 }, (_, i) => `${line(`broken-${i}`)}\n`).join(''));
    await eventually(async () => (await stored()).size === 2_000);
    upstream.destroy();
    // A later upload goes the same way: when it is through, the broken one is over, too.
    await upload(Array.from({ length: 1_000 }, (_, i) => line(`later-${i}`)));
    expect((await stored()).size).toBe(3_000);
  });

  it('does not bring back a member who is erased while the upload runs', async () => {
    const { promise: erased, resolve: goOn } = withResolvers();
    async function* lines(): AsyncGenerator<Buffer> {
      yield Buffer.from(Array.from({ length: 1_010 }, (_, i) => `${line(`e-${i}`)}\n`).join(''));
      await erased;
      yield Buffer.from(`${line('e-3')}\n${line('e-2000')}\n`);
    }
    const uploading = stream(lines());
    await eventually(async () => (await stored()).size === 1_000);
    for (const userId of ['e-3', 'e-1005']) {
      expect((await app.request('DELETE', `/v1/profiles/${userId}`)).status).toBe(204);
    }
    goOn();
    expect(await uploading).toEqual({ accepted: 1_012, rejected: [] });
    const members = await stored();
    expect([members.size, members.has('e-3'), members.has('e-1005'), members.has('e-2000')]).toEqual([
      1_009,
      false,
      false,
      true,
    ]);
    await upload([line('e-3')]);
    expect((await stored()).has('e-3')).toBe(true);
  });

  function withResolvers(): { promise: Promise<void>; resolve: () => void } {
    let resolve = (): void => undefined;
    const promise = new Promise<void>((done) => (resolve = done));
    return { promise, resolve };
  }

  it('writes nothing of a chunk that the database refuses', async () => {
    await app.dataSource.query("ALTER TABLE profiles ADD CONSTRAINT no_poison CHECK (user_id <> 'poison')");
    try {
      const lines = Array.from({ length: 1_500 }, (_, i) => line(`p-${i}`));
      const answer = await send([...lines, line('poison')].join('\n'));
      expect(answer.status).toBe(500);
      expect((await stored()).size).toBe(1_000);
    } finally {
      await app.dataSource.query('ALTER TABLE profiles DROP CONSTRAINT no_poison');
    }
  });

  it('lets uploads of the same members pass each other, whatever their order', async () => {
    const there = Array.from({ length: 100 }, (_, i) => line(`same-${i}`));
    await upload(there);
    // Both stop at a row in the middle, each with its half of the others in its hands if it took them as they came.
    const blocker = app.dataSource.createQueryRunner();
    await blocker.startTransaction();
    await blocker.query("SELECT FROM profiles WHERE user_id = 'same-50' FOR UPDATE");
    const uploads = Promise.all([upload(there), upload([...there].reverse())]);
    await eventually(async () => {
      const [waiting] = await app.dataSource.query<{ count: number }[]>(
        `SELECT count(*) AS count FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%INSERT INTO profiles%'`,
      );
      return waiting?.count === 2;
    });
    await blocker.rollbackTransaction();
    await blocker.release();
    expect((await uploads).map(({ accepted }) => accepted)).toEqual([100, 100]);
  });

  it('reads no more of an upload than it can write', async () => {
    const padding = ' '.repeat(16_000);
    let sent = 0;
    function* lines(): Generator<Buffer> {
      for (; sent < 4_000; sent++) yield Buffer.from(`${line(`m-${sent}`)}${padding}\n`);
    }
    const blocker = app.dataSource.createQueryRunner();
    await blocker.startTransaction();
    await blocker.query('SET LOCAL idle_in_transaction_session_timeout = 0');
    await blocker.query('LOCK TABLE profiles IN EXCLUSIVE MODE');
    const uploading = stream(lines());
    try {
      await untilUnchanged(() => sent);
      // Two chunks of 1 MiB, and what the sockets of both sides hold, of 64 MB.
      expect(sent * padding.length).toBeGreaterThan(1024 * 1024);
      expect(sent * padding.length).toBeLessThan(20 * 1024 * 1024);
    } finally {
      await blocker.rollbackTransaction();
      await blocker.release();
    }
    expect(await uploading).toEqual({ accepted: 4_000, rejected: [] });
    expect((await stored()).size).toBe(4_000);
  });

  /** Waits until the count has moved, and then not any more for many turns. */
  async function untilUnchanged(count: () => number): Promise<void> {
    let last = 0;
    let same = 0;
    await eventually(async () => {
      same = count() > 0 && count() === last ? same + 1 : 0;
      last = count();
      return same >= 15;
    });
  }
});
