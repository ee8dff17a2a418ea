import { once } from 'node:events';
import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { AppError } from '../platform/app-error.js';
import { BulkCampaigns } from './bulk-campaigns.service.js';
import type { CampaignCreation } from './campaign-creation.service.js';
import type { CampaignDto, CreateCampaignDto } from './dto/campaign.dto.js';

const ACTOR = { keyId: 'key_1', role: 'admin', advertiserId: null } as const;
const IDENTITY = { apiKeyId: 'key_1', idempotencyKey: null, route: 'POST /v1/campaigns/bulk', body: null, now: 0 };

const line = (name: string): string =>
  `${JSON.stringify({
    advertiserId: 'adv_1',
    name,
    startsAt: '2026-01-01T00:00:00Z',
    budget: {},
    pacing: 'even',
    frequencyCaps: [],
  })}\n`;

type Create = (name: string) => Promise<string>;

function bulkOn(create: Create): BulkCampaigns {
  const creation: Pick<CampaignCreation, 'create'> = {
    create: async (_actor, dto: CreateCampaignDto) => ({ id: await create(dto.name) }) as CampaignDto,
  };
  return new BulkCampaigns(creation as CampaignCreation);
}

async function read(results: Readable): Promise<unknown[]> {
  const text = (await results.toArray()).join('');
  return text
    .trimEnd()
    .split('\n')
    .map((result) => JSON.parse(result) as unknown);
}

describe('BulkCampaigns', () => {
  beforeAll(() => {
    Logger.overrideLogger(false);
  });

  it('reads no faster than it stores: a few lines at once, however many there are', async () => {
    let read = 0;
    const upload = Readable.from(
      (function* () {
        for (;;) {
          read++;
          yield Buffer.from(line(`c-${read}`));
        }
      })(),
      { highWaterMark: 1 },
    );
    const started: string[] = [];
    const results = bulkOn((name) => {
      started.push(name);
      return new Promise(() => undefined);
    }).create(upload, ACTOR, IDENTITY);
    results.read(0);
    for (let turn = 0; turn < 200; turn++) await nextTurn();
    expect(started.toSorted()).toEqual(['c-1', 'c-2', 'c-3', 'c-4']);
    expect(read).toBeLessThan(10);
    results.destroy();
  });

  it('stores a few lines at once of all uploads together, and refuses more uploads than it has room for', async () => {
    const started: string[] = [];
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const bulk = bulkOn(async (name) => {
      started.push(name);
      await released;
      return name;
    });
    const upload = (): Readable =>
      bulk.create(Readable.from(['a', 'b', 'c'].map((name) => Buffer.from(line(name)))), ACTOR, IDENTITY);
    const uploads = Array.from({ length: 16 }, upload);
    for (const results of uploads) results.read(0);
    for (let turn = 0; turn < 200; turn++) await nextTurn();
    expect(started).toHaveLength(4);
    expect(upload).toThrow(expect.objectContaining({ status: 503, code: 'unavailable' }));
    const first = uploads[0] as Readable;
    const closed = once(first, 'close');
    release();
    expect(await read(first)).toHaveLength(3);
    await closed;
    uploads.push(upload());
    expect(upload).toThrow('Too many uploads');
    for (const results of uploads) results.destroy();
  });

  it('stores no faster than its results are read', async () => {
    let stored = 0;
    const upload = Readable.from(
      Array.from({ length: 1_000 }, (_, i) => Buffer.from(line(`c-${i}`))),
      { highWaterMark: 1 },
    );
    const results = bulkOn(() => Promise.resolve(`cmp_${++stored}`)).create(upload, ACTOR, IDENTITY);
    results.read(0);
    for (let turn = 0; turn < 500; turn++) await nextTurn();
    expect(stored).toBeGreaterThan(0);
    expect(stored).toBeLessThan(20);
    expect(await read(results)).toHaveLength(1_000);
    expect(stored).toBe(1_000);
  });

  it('answers in the order of the lines, whichever is stored first', async () => {
    const waiting = new Map<string, () => void>();
    const create: Create = (name) =>
      new Promise((resolve) => {
        waiting.set(name, () => resolve(name));
        if (waiting.size === 4) for (const done of [...waiting.values()].reverse()) done();
      });
    const results = await read(
      bulkOn(create).create(
        Readable.from(['a', 'b', 'c', 'd'].map((name) => Buffer.from(line(name)))),
        ACTOR,
        IDENTITY,
      ),
    );
    expect(results).toEqual(['a', 'b', 'c', 'd'].map((id, i) => ({ line: i + 1, status: 'created', id })));
  });

  it('goes on after a line that fails for a fault of ours', async () => {
    const create: Create = (name) => (name === 'b' ? Promise.reject(new Error('bug')) : Promise.resolve(name));
    const upload = Readable.from(['a', 'b', 'c'].map((name) => Buffer.from(line(name))));
    expect(await read(bulkOn(create).create(upload, ACTOR, IDENTITY))).toMatchObject([
      { status: 'created' },
      { line: 2, status: 'rejected', code: 'internal_error', errors: [{ path: '' }] },
      { status: 'created' },
    ]);
  });

  it('stops when the database is away, since no later line could fare better', async () => {
    let tried = 0;
    const create: Create = () => {
      tried++;
      return Promise.reject(new AppError(503, 'unavailable', 'away'));
    };
    const upload = Readable.from(Array.from({ length: 100 }, () => Buffer.from(line('x'))));
    const results = await read(bulkOn(create).create(upload, ACTOR, IDENTITY));
    expect(tried).toBeLessThan(10);
    expect(results.at(-1)).toMatchObject({ line: results.length, status: 'rejected', code: 'unavailable' });
  });

  it('says where an upload broke off', async () => {
    const upload = Readable.from(
      (async function* () {
        yield Buffer.from(line('a') + line('b').slice(0, 9));
        await nextTurn();
        throw new Error('reset');
      })(),
    );
    expect(await read(bulkOn((name) => Promise.resolve(name)).create(upload, ACTOR, IDENTITY))).toMatchObject([
      { line: 1, status: 'created', id: 'a' },
      { line: 2, status: 'rejected', code: 'upload_incomplete' },
    ]);
  });
});
