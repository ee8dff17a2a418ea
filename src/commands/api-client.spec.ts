import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ApiClient, ApiProblem, ServerAway } from './api-client.js';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const BUSY = JSON.stringify({ status: 503, code: 'unavailable', detail: 'Come back.', errors: [] });

describe('ApiClient', () => {
  let server: Server | null = null;

  afterEach(async () => {
    server?.closeAllConnections();
    await new Promise((resolve) => (server === null ? resolve(null) : server.close(resolve)));
    server = null;
  });

  async function serve(handler: Handler, concurrency = 8): Promise<ApiClient> {
    const started = createServer((request, response) => {
      request.resume();
      handler(request, response);
    });
    server = started;
    await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
    const { port } = started.address() as AddressInfo;
    return new ApiClient({ url: `http://127.0.0.1:${port}`, key: 'a-key', concurrency });
  }

  it('repeats an idempotent call that a busy server refused, and tells how often', async () => {
    let calls = 0;
    const client = await serve((_request, response) => {
      if (++calls < 3) response.writeHead(503, { 'retry-after': '0' }).end(BUSY);
      else response.end('{"done":true}');
    });
    expect(await client.call('POST', '/v1/x', { body: {}, idempotent: true })).toMatchObject({
      body: { done: true },
      attempts: 3,
    });
  });

  it('repeats one whose connection broke', async () => {
    let calls = 0;
    const client = await serve((request, response) => {
      if (++calls === 1) request.socket.destroy();
      else response.end('{}');
    });
    expect(await client.call('GET', '/v1/x')).toMatchObject({ attempts: 2 });
  });

  it('waits as long as the server asks', async () => {
    let refusedAt = 0;
    const client = await serve((_request, response) => {
      if (refusedAt > 0) return response.end('{}');
      refusedAt = performance.now();
      response.writeHead(503, { 'retry-after': '1' }).end(BUSY);
    });
    await client.get('/v1/x');
    // Timers may fire a millisecond early.
    expect(performance.now() - refusedAt).toBeGreaterThanOrEqual(995);
  });

  it('does not repeat a call that might be done twice', async () => {
    let calls = 0;
    const client = await serve((_request, response) => {
      calls++;
      response.writeHead(503).end(BUSY);
    });
    await expect(client.post('/v1/x', { body: {} })).rejects.toMatchObject({ status: 503, code: 'unavailable' });
    expect(calls).toBe(1);
  });

  it('tells what the problem document says, with the wrong places', async () => {
    const problem = {
      status: 422,
      code: 'invalid_request',
      detail: 'The request has invalid fields.',
      errors: [{ path: 'bid.amountMicros', message: 'must be a whole number' }],
    };
    const client = await serve((_request, response) => response.writeHead(422).end(JSON.stringify(problem)));
    const failure = client.post('/v1/campaigns', { body: {}, idempotent: true });
    await expect(failure).rejects.toThrow(ApiProblem);
    await expect(failure).rejects.toThrow(
      'POST /v1/campaigns was answered by 422 invalid_request: The request has invalid fields. [bid.amountMicros must be a whole number]',
    );
  });

  it('says how to start a server where none answers', async () => {
    // Nothing listens on the port of a server that was closed.
    const client = await serve(() => undefined);
    await new Promise((resolve) => server?.close(resolve));
    server = null;
    const failure = client.post('/v1/x', { body: {} });
    await expect(failure).rejects.toThrow(ServerAway);
    await expect(failure).rejects.toThrow(/No Matchum answers at .* \(ECONNREFUSED\)\. Start it with `npm start`/);
  });

  it('sends key, Idempotency-Key, simulated time and NDJSON', async () => {
    let seen: IncomingMessage['headers'] = {};
    let sent = '';
    const client = await serve((request, response) => {
      seen = request.headers;
      request.on('data', (chunk: Buffer) => (sent += chunk.toString()));
      request.on('end', () =>
        response.writeHead(200, { 'content-type': 'application/x-ndjson' }).end('{"a":1}\n{"a":2}\n'),
      );
    });
    const results = await client
      .at(1_326_240_000_000)
      .post('/v1/x', { lines: [{ b: 1 }, { b: 2 }], idempotencyKey: 'once' });
    expect(results).toEqual([{ a: 1 }, { a: 2 }]);
    expect(sent).toBe('{"b":1}\n{"b":2}');
    expect(seen).toMatchObject({
      authorization: 'Bearer a-key',
      'content-type': 'application/x-ndjson',
      'idempotency-key': 'once',
      'x-simulated-time': '2012-01-11T00:00:00.000Z',
    });
  });

  it('reads a list page by page', async () => {
    const client = await serve((request, response) => {
      const isSecond = request.url?.includes('cursor=p%201') === true;
      response.end(JSON.stringify(isSecond ? { data: [3], nextCursor: null } : { data: [1, 2], nextCursor: 'p 1' }));
    });
    expect(await client.listAll('/v1/things?status=active')).toEqual([1, 2, 3]);
  });

  it('works on all items, never on more at once than it may', async () => {
    const client = new ApiClient({ url: 'http://127.0.0.1:1', key: 'k', concurrency: 3 });
    let underWay = 0;
    let most = 0;
    const done: number[] = [];
    await client.each(Array.from({ length: 20 }).keys(), async (item) => {
      most = Math.max(most, ++underWay);
      await new Promise((resolve) => setImmediate(resolve));
      underWay--;
      done.push(item);
    });
    expect(most).toBe(3);
    expect(done.sort((a, b) => a - b)).toEqual([...Array.from({ length: 20 }).keys()]);
  });

  it('takes no further item once one has failed', async () => {
    const client = new ApiClient({ url: 'http://127.0.0.1:1', key: 'k', concurrency: 2 });
    const taken: number[] = [];
    const work = async (item: number): Promise<void> => {
      taken.push(item);
      await new Promise((resolve) => setImmediate(resolve));
      if (item === 2) throw new Error('the third fails');
    };
    await expect(client.each(Array.from({ length: 100 }).keys(), work)).rejects.toThrow('the third fails');
    expect(taken.length).toBeLessThan(8);
  });
});
