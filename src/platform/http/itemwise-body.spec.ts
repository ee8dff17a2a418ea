import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import Fastify, { type FastifyInstance } from 'fastify';
import { AppError } from '../app-error.js';
import { registerJsonBody } from './json-body.js';

const MOST_BYTES = 30_000;
const maxEntriesInAll = 3_000;
const object = (count: number): string => `{${Array.from({ length: count }, (_, i) => `"${i}":[]`).join(',')}}`;
const within = (depth: number, value: string): string => `${'{"a":['.repeat(depth)}${value}${']}'.repeat(depth)}`;

/** An item of a few shapes near the limits, which are 2,000 entries an object and 100 levels. */
const item = fc.oneof(
  fc
    .record({ levels: fc.integer({ min: 44, max: 52 }), value: fc.constantFrom('1', '[]', '{}', '"[[{"') })
    .map(({ levels, value }) => within(levels, value)),
  fc
    .record({ levels: fc.nat(3), count: fc.integer({ min: 1_998, max: 2_002 }), last: fc.nat(3) })
    .map(({ levels, count, last }) => within(levels, `[${object(count)},${object(last)}]`)),
  fc
    .integer({ min: maxEntriesInAll - 2, max: maxEntriesInAll + 2 })
    .map((count) => `[${Array<string>(count).fill('{"":1}').join(',')}]`),
  fc.constantFrom('null', '7', '"a,b]"', '[]', '{"a":"\\u0041"}', '{"a":["\\u0000"]}', '{"__proto__":{}}'),
  fc.integer({ min: MOST_BYTES - 4, max: MOST_BYTES }).map((length) => `"${'x'.repeat(length)}"`),
);

describe('a body that is read item by item', () => {
  let fastify: FastifyInstance;

  beforeAll(() => {
    fastify = Fastify();
    registerJsonBody(fastify);
    const itemRules = { field: 'list', maxItems: 20, maxBytes: MOST_BYTES, schema: {} };
    fastify.setErrorHandler((error, _request, reply) => reply.send(told(error)));
    fastify.post('/batch', { config: { itemRules, maxEntriesInAll } }, ({ body }) => {
      const { list } = body as { list: readonly unknown[] };
      return { ...(body as object), list: list.map(told) };
    });
    fastify.post('/single', { config: { maxBodyBytes: MOST_BYTES, maxEntriesInAll } }, ({ body }) => ({ taken: body }));
  });

  const send = async (url: string, payload: string): Promise<unknown> => {
    const headers = { 'content-type': 'application/json' };
    return (await fastify.inject({ method: 'POST', url, payload, headers })).json();
  };

  it('has each item taken or refused as it would be alone', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(item, { maxLength: 6 }), async (items) => {
        const alone = await Promise.all(items.map((json) => send('/single', json)));
        expect(await send('/batch', `{"a":1, "list" : [${items.join(', ')}]}`)).toEqual({ a: 1, list: alone });
      }),
      { numRuns: 50 },
    );
  });

  it('judges items by what they hold, and by nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(item, async (json) => {
        const answer = (await send('/batch', `{"list":[${json}]}`)) as { list: [{ refused?: { status: number } }] };
        expect(answer.list[0].refused?.status).toBe(verdict(json));
      }),
      { numRuns: 50 },
    );
  });

  it('lets others come in between while its items are read', async () => {
    let key = 0;
    const many = (): string => `[${Array.from({ length: 2_900 }, () => `{"${(key++).toString(36)}":1}`).join(',')}]`;
    const items = Array.from({ length: 20 }, many);
    let turns = 0;
    let isRead = false;
    const count = (): void => {
      turns++;
      if (!isRead) setImmediate(count);
    };
    setImmediate(count);
    await send('/batch', `{"list":[${items.join(',')}]}`);
    isRead = true;
    expect(turns).toBeGreaterThan(6);
  });

  it.each([
    ['an item that is no JSON', '{"list":[1,{"a":tru},3]}', 400, 'list[1]'],
    ['an end that is not there', '{"list":[1,{"a":1}', 400, ''],
    ['an item that is not there', '{"list":[1,,3]}', 400, ''],
    ['a NUL character', String.raw`{"list":[1],"a":"\u0000"}`, 400, 'a'],
    ['many fields', `{"list":[1],${object(2_001).slice(1)}`, 422, ''],
    ['a field of many entries', `{"list":[1],"a":${object(2_001)}}`, 422, 'a'],
    ['many entries', `{"list":[1],"a":[${object(1_501)},${object(1_501)}]}`, 422, ''],
    ['deep nesting', `{"list":[1],"a":${within(60, '1')}}`, 400, undefined],
    ['too many items', `{"list":[${Array<number>(21).fill(1).join(',')}]}`, 422, 'list'],
  ])('is refused as a whole for %s', async (_what, json, status, path) => {
    const { refused } = (await send('/batch', json)) as { refused: AppError };
    expect([refused.status, refused.errors[0]?.path]).toEqual([status, path]);
  });
});

function told(read: unknown): unknown {
  if (!(read instanceof AppError)) return { taken: read };
  const { status, code, detail, errors } = read;
  return { refused: { status, code, detail, errors } };
}

/** The oracle: the item parsed and walked. */
function verdict(json: string): number | undefined {
  const parsed: unknown = JSON.parse(json);
  if (json.length > MOST_BYTES) return 413;
  if (depthOf(parsed) > 100) return 400;
  if (widthOf(parsed) > 2_000 || namesIn(parsed).length > maxEntriesInAll) return 422;
  if (new Set(namesIn(parsed)).size > 2_000) return 422;
  return json.includes('u0000') || json.includes('__proto__') ? 400 : undefined;
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

function widthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return Math.max(Array.isArray(value) ? 0 : Object.keys(value).length, ...Object.values(value).map(widthOf));
}

/** Of all objects, as often as they come. */
function namesIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return [...(Array.isArray(value) ? [] : Object.keys(value)), ...Object.values(value).flatMap(namesIn)];
}
