import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, startTestApp, type TestApp, type TestResponse } from '../servers/test-app.js';
import { campaignBody, createAdvertiser, creativeBody } from './fixtures.js';

interface LineResult {
  readonly line: number;
  readonly status: 'created' | 'rejected';
  readonly id?: string;
  readonly code?: string;
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
}

const NDJSON = { 'content-type': 'application/x-ndjson' };
const PATH = '/v1/campaigns/bulk';

describe('bulk creation of campaigns', () => {
  let app: TestApp;
  let advertiserId: string;
  let key: string;

  beforeAll(async () => {
    app = await startTestApp();
    advertiserId = await createAdvertiser(app);
    key = (await app.request('POST', '/v1/api-keys', { role: 'advertiser', name: 'own', advertiserId })).body
      .key as string;
  });

  afterAll(() => app.close());

  const line = (fields: object = {}, adGroup: object = {}): string =>
    JSON.stringify(campaignBody(advertiserId, fields, adGroup));

  const upload = (body: string | Buffer, headers: Record<string, string> = {}, asKey = key): Promise<TestResponse> =>
    app.request('POST', PATH, body, { key: asKey, headers: { ...NDJSON, ...headers } });

  const resultsOf = ({ text }: { readonly text: string }): LineResult[] =>
    text
      .split('\n')
      .filter((result) => result !== '')
      .map((result) => JSON.parse(result) as LineResult);

  async function names(): Promise<readonly string[]> {
    const rows = await app.dataSource.query<{ name: string }[]>('SELECT name FROM campaigns ORDER BY id');
    return rows.map(({ name }) => name);
  }

  /** An upload whose lines are sent one by one. */
  function open(): { readonly sent: ClientRequest; readonly answered: Promise<IncomingMessage> } {
    const { hostname, port } = new URL(app.url);
    const sent = request({
      hostname,
      port,
      path: PATH,
      method: 'POST',
      headers: { ...NDJSON, authorization: `Bearer ${key}` },
    });
    const answered = once(sent, 'response').then(([response]) => response as IncomingMessage);
    answered.catch(() => undefined);
    return { sent, answered };
  }

  it('creates the good lines and rejects the bad ones, in order', async () => {
    const before = await names();
    const response = await upload(
      [
        line({ name: 'bulk-1' }),
        line({ name: 5 }),
        '',
        line({ name: 'bulk-4' }, { targeting: { all: [{ segment: 'auto.no' }] } }),
        `${line({ name: 'bulk-5' })}\r`,
        line({ name: 'bulk-6', endsAt: '2020-01-01T00:00:00Z' }),
        line({ name: 'bulk-7' }),
      ].join('\n'),
    );
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain('application/x-ndjson');
    const created = (number: number): object => ({
      line: number,
      status: 'created',
      id: expect.stringMatching(/^cmp_/),
    });
    const rejected = (number: number, path: string): object => ({
      line: number,
      status: 'rejected',
      code: 'invalid_request',
      errors: [{ path, message: expect.any(String) }],
    });
    expect(resultsOf(response)).toEqual([
      created(1),
      rejected(2, 'name'),
      rejected(4, 'adGroups[0].targeting.all[0].segment'),
      created(5),
      rejected(6, 'endsAt'),
      created(7),
    ]);
    expect((await names()).slice(before.length).sort()).toEqual(['bulk-1', 'bulk-5', 'bulk-7']);
    const { id } = resultsOf(response)[0] ?? {};
    expect((await app.request('GET', `/v1/campaigns/${id}/ad-groups`, undefined, { key })).body.data).toHaveLength(1);
  });

  it.each([
    ['no JSON', '{"name":', 'malformed_request'],
    ['a list', '[]', 'malformed_request'],
    ['a number', '5', 'malformed_request'],
    ['null', 'null', 'malformed_request'],
    ['broken UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'malformed_request'],
    ['a NUL character', '{"name":"\\u0000"}', 'malformed_request'],
    ['a lone surrogate', '{"name":"\\udc00"}', 'malformed_request'],
    ['deep nesting', `{"a":${'['.repeat(5_000)}${']'.repeat(5_000)}}`, 'too_deep'],
    ['a key that reaches for the prototype', '{"__proto__":{"name":"x"}}', 'malformed_request'],
    ['an inherited name', '{"constructor":1}', 'invalid_request'],
    ['an empty object', '{}', 'invalid_request'],
    ['a line of 1.5 MB', JSON.stringify({ name: 'x'.repeat(1_500_000) }), 'line_too_long'],
  ])('rejects a line that is %s, and none of its neighbours', async (_what, bad, code) => {
    const feed = Buffer.from('\n');
    const response = await upload(
      Buffer.concat([Buffer.from(line()), feed, Buffer.from(bad), feed, Buffer.from(line())]),
    );
    const results = resultsOf(response);
    expect(results.map(({ status }) => status)).toEqual(['created', 'rejected', 'created']);
    expect(results[1]).toMatchObject({ line: 2, code });
    expect(results[1]?.errors?.length).toBeGreaterThan(0);
  });

  it('takes uploads that are longer than a body may be', async () => {
    const fat = line({}, { creatives: new Array(45).fill(creativeBody({ body: '가'.repeat(900) })) });
    const results = resultsOf(await upload(new Array(20).fill(fat).join('\n')));
    expect(fat.length * 20).toBeGreaterThan(700_000);
    expect(results.map(({ status }) => status)).toEqual(new Array(20).fill('created'));
  });

  it('rejects a line of another tenant as one of an advertiser that is not there', async () => {
    const other = await createAdvertiser(app);
    const body = [other, 'adv_01KAN2Z5T8Q0V4W6X8Y0Z2B4D6'].map((id) => JSON.stringify(campaignBody(id))).join('\n');
    const [foreign, unknown] = resultsOf(await upload(body));
    expect(foreign).toMatchObject({ status: 'rejected', code: 'not_found', errors: [{ path: 'advertiserId' }] });
    expect({ ...foreign, line: 2 }).toEqual(unknown);
    expect(resultsOf(await upload(body, {}, app.adminKey)).map(({ status }) => status)).toEqual([
      'created',
      'rejected',
    ]);
  });

  it('answers while the upload goes on', async () => {
    const { sent, answered } = open();
    sent.write(`${line({ name: 'early' })}\n${'{}\n'.repeat(8)}`);
    const response = await answered;
    const results = createInterface({ input: response })[Symbol.asyncIterator]();
    expect(JSON.parse((await results.next()).value as string)).toMatchObject({ line: 1, status: 'created' });
    sent.end(line({ name: 'late' }));
    const rest: LineResult[] = [];
    for (let next = await results.next(); next.done !== true; next = await results.next()) {
      rest.push(JSON.parse(next.value) as LineResult);
    }
    expect(rest.map((result) => result.line)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(rest.at(-1)).toMatchObject({ status: 'created' });
  });

  it('keeps the lines that came before the connection broke', async () => {
    const { sent } = open();
    sent.on('error', () => undefined);
    sent.write(`${line({ name: 'before-the-break' })}\n${line({ name: 'broken' }).slice(0, 50)}`);
    await eventually(async () => (await names()).includes('before-the-break'));
    sent.destroy();
    expect(resultsOf(await upload(line({ name: 'after-the-break' })))).toMatchObject([{ status: 'created' }]);
    expect(await names()).not.toContain('broken');
  });

  it('stops at the 10,001st line, says so, and takes the rest off the wire, so that the connection can go on', async () => {
    const lines = `${'x\n'.repeat(9_999)}${line({ name: 'the-last' })}\n${line({ name: 'one-too-many' })}\n`;
    const body = Buffer.concat([Buffer.from(lines), Buffer.alloc(16 * 1024 * 1024, '{}\n')]);
    const { hostname, port } = new URL(app.url);
    const socket = connect(Number(port), hostname);
    socket.write(`POST ${PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\n`);
    socket.write(`Content-Type: application/x-ndjson\r\nContent-Length: ${body.length}\r\n\r\n`);
    socket.write(body);
    socket.write('GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    const answers = (await socket.setEncoding('utf8').toArray()).join('');
    expect(answers).toContain('{"line":10000,"status":"created"');
    expect(answers).toContain('{"line":10001,"status":"rejected","code":"too_many_lines"');
    expect(answers).not.toContain('{"line":10002');
    expect(answers.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
    expect(await names()).not.toContain('one-too-many');
  });

  it('creates no line twice when the same upload is sent again with its Idempotency-Key', async () => {
    const body = [line({ name: 'twice-1' }), line({ name: 5 }), line({ name: 'twice-3' })].join('\n');
    const send = (): Promise<TestResponse> => upload(body, { 'idempotency-key': 'upload-1' });
    const [first, second] = await Promise.all([send(), send()]);
    const third = await send();
    expect(resultsOf(second)).toEqual(resultsOf(first));
    expect(resultsOf(third)).toEqual(resultsOf(first));
    expect((await names()).filter((name) => name.startsWith('twice-')).sort()).toEqual(['twice-1', 'twice-3']);
    const changed = await upload(body.replace('twice-3', 'twice-4'), { 'idempotency-key': 'upload-1' });
    expect(resultsOf(changed)[2]).toMatchObject({ status: 'rejected', code: 'idempotency_key_reused' });
    const long = await upload(body, { 'idempotency-key': 'x'.repeat(241) });
    expect(long).toMatchObject({ status: 400, body: { errors: [{ path: 'Idempotency-Key' }] } });
  });

  it('answers an empty upload with nothing, and other types with 415', async () => {
    expect(await upload('\n \n')).toMatchObject({ status: 200, text: '' });
    expect(await app.request('POST', PATH, { name: 'x' }, { key })).toMatchObject({ status: 415 });
    expect(await app.request('POST', PATH, undefined, { key })).toMatchObject({ status: 415 });
  });

  it.each(['chat', 'analyst'])('is not for keys with the role %s', async (role) => {
    const { body } = await app.request('POST', '/v1/api-keys', { role, name: role });
    expect(await upload(line({ name: 'not-allowed' }), {}, body.key as string)).toMatchObject({ status: 403 });
    expect(await names()).not.toContain('not-allowed');
  });
});
