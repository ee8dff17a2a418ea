import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Problem } from '../../src/platform/http/problem.filter.js';
import { startTestApp, type TestApp } from '../servers/test-app.js';

describe('HTTP requests at the edge', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp();
  });

  afterAll(() => app.close());

  /** Sends bytes that no HTTP client would, and reads what comes back. */
  function sendRaw(bytes: string): Promise<string> {
    const { hostname, port } = new URL(app.url);
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => socket.write(bytes));
      let answer = '';
      socket.setEncoding('utf8');
      socket.on('data', (data: string) => (answer += data));
      socket.on('error', reject);
      socket.on('close', () => resolve(answer));
    });
  }

  it.each<[string, string, string, number, string]>([
    ['a path that is not there', 'GET', '/v1/not-there', 404, 'not_found'],
    ['a path outside the API', 'GET', '/admin.php', 404, 'not_found'],
    ['a path with an empty id', 'DELETE', '/v1/api-keys/', 404, 'not_found'],
    ['a path with a broken escape', 'GET', '/v1/%zz', 400, 'malformed_request'],
    ['a path with a NUL character', 'DELETE', '/v1/api-keys/key%00', 400, 'malformed_request'],
    ['a query with a NUL character', 'GET', '/v1/api-keys?cursor=%00', 400, 'malformed_request'],
    ['a path whose id is too long', 'DELETE', `/v1/api-keys/${'k'.repeat(3_000)}`, 414, 'uri_too_long'],
    ['a method that the path does not take', 'PUT', '/v1/api-keys', 405, 'method_not_allowed'],
    ['a method that the path with an id does not take', 'POST', '/v1/api-keys/key_1', 405, 'method_not_allowed'],
    ['a content type that nobody reads', 'POST', '/v1/api-keys', 415, 'unsupported_media_type'],
  ])('answers %s with a problem document', async (_what, method, path, status, code) => {
    const response = await app.request(method, path, method === 'POST' ? 'text' : undefined, {
      headers: method === 'POST' ? { 'content-type': 'text/plain' } : {},
    });
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    const { type, title, detail, errors, ...rest } = response.body as Problem;
    expect(rest).toEqual({ status, code });
    expect(type).toBe('about:blank');
    expect(title.length * detail.length).toBeGreaterThan(0);
    expect(Array.isArray(errors)).toBe(true);
  });

  it.each([
    ['GET', '/v1/ops/audit', undefined],
    ['GET', '/v1/placements/chat_list', undefined],
    ['POST', '/v1/match', { userId: 'm-1', placement: 'chat_list', chatCount: 50 }],
    ['POST', '/v1/advertisers', {}],
    ['DELETE', '/v1/api-keys/key_1', undefined],
  ])('refuses filters of a route that takes none (%s %s)', async (method, path, sent) => {
    const { status, body } = await app.request(method, `${path}?day=1&${'x'.repeat(99)}=2`, sent);
    expect(status).toBe(422);
    expect((body as Problem).errors).toEqual([
      { path: 'day', message: 'is not a known filter' },
      { path: 'x'.repeat(64), message: 'is not a known filter' },
    ]);
  });

  it('takes any parameters where no key is needed', async () => {
    expect((await app.request('GET', '/health/live?from=probe')).status).toBe(200);
  });

  it('names the methods that a path takes', async () => {
    expect((await app.request('PUT', '/v1/api-keys')).headers.get('allow')).toBe('GET, HEAD, POST');
    expect((await app.request('GET', '/v1/api-keys/key_1')).headers.get('allow')).toBe('DELETE');
  });

  it.each([
    '/health/live',
    '/health/ready',
    '/metrics',
    '/docs-json',
    '/v1/api-keys',
    '/v1/api-keys?limit=0',
    '/v1/none',
  ])('answers HEAD %s as GET, without the body', async (path) => {
    const [get, head] = [await app.request('GET', path), await app.request('HEAD', path)];
    expect([head.status, head.headers.get('content-type')]).toEqual([get.status, get.headers.get('content-type')]);
    expect(head.text).toBe('');
    expect((await app.request('HEAD', '/v1/api-keys', undefined, { key: null })).status).toBe(401);
  });

  it.each([
    ['charset=utf-8', 201],
    ['charset="UTF-8"', 201],
    ['profile=x; charset=utf8', 201],
    ['charset=us-ascii', 201],
    ['charset=euc-kr', 415],
    ['charset="utf-7"', 415],
    ['charset=UTF-16LE', 415],
    ['profile=x;Charset = iso-2022-kr', 415],
  ])('reads no body as UTF-8 that says it is in another charset: %s', async (parameter, status) => {
    const headers = { 'content-type': `application/json; ${parameter}` };
    const answer = await app.request('POST', '/v1/api-keys', '{"role":"chat","name":"+1TCy4A-"}', { headers });
    expect(answer.status).toBe(status);
    const lines = { headers: { 'content-type': `application/x-ndjson; ${parameter}` } };
    const upload = await app.request('POST', '/v1/segments/bulk', '{"id":"a.b","name":{"ko":"+1TCy4A-"}}', lines);
    expect(upload.status).toBe(status === 201 ? 200 : 415);
  });

  it.each(['gzip', 'br', 'gzip, identity', 'GZIP'])('takes no body in the coding %s, and says so', async (coding) => {
    for (const [path, type] of [
      ['/v1/api-keys', 'application/json'],
      ['/v1/segments/bulk', 'application/x-ndjson'],
    ] as const) {
      const headers = { 'content-type': type, 'content-encoding': coding };
      const answer = await app.request('POST', path, gzipSync('{}'), { headers });
      expect(answer).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } });
      expect(answer.headers.get('accept-encoding')).toBe('identity');
    }
    const plain = { 'content-type': 'application/json', 'content-encoding': 'identity' };
    expect((await app.request('POST', '/v1/api-keys', '{"role":"chat","name":"a"}', { headers: plain })).status).toBe(
      201,
    );
  });

  it.each(['/v1/match', '/v1/match/batch', '/v1/events', '/v1/api-keys'])('takes no NDJSON at %s', async (path) => {
    const headers = { 'content-type': 'application/x-ndjson' };
    expect(await app.request('POST', path, '{"a":1}\n', { headers })).toMatchObject({
      status: 415,
      body: { code: 'unsupported_media_type', detail: expect.stringContaining('application/json') },
    });
    expect((await app.request('POST', '/v1/not-there', '{"a":1}\n', { headers })).status).toBe(404);
  });

  it('tells a path that is not there before it asks for a key', async () => {
    expect((await app.request('GET', '/v1/not-there', undefined, { key: null })).status).toBe(404);
  });

  it.each([
    ['not JSON', '{"role":'],
    ['a list', '[]'],
    ['a string', '"text"'],
    ['null', 'null'],
    ['broken UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['a key that reaches for the prototype', '{"__proto__":{"role":"admin"},"role":"chat","name":"x"}'],
    ['nothing', ''],
  ])('refuses a body that is %s with 400', async (_what, body) => {
    const headers = { 'content-type': 'application/json' };
    const response = await app.request('POST', '/v1/api-keys', body, { headers });
    expect({ status: response.status, code: (response.body as Problem).code }).toEqual({
      status: 400,
      code: 'malformed_request',
    });
  });

  it('answers what is not HTTP with a problem document, and hangs up', async () => {
    const answer = await sendRaw('HELO matchum\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    expect(head).toContain('Content-Type: application/problem+json');
    expect(JSON.parse(body)).toMatchObject({ status: 400, code: 'malformed_request' });
  });

  it('gives every answer the id under which the log has it', async () => {
    const ids = await Promise.all(
      ['/v1/api-keys', '/v1/not-there', '/health/live'].map(async (path) => {
        return (await app.request('GET', path)).headers.get('x-request-id') ?? '';
      }),
    );
    for (const id of ids) expect(id).toMatch(/^[\da-f-]{36}$/);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
