import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { UsageError } from '../command-line.js';
import { AuctionLog } from './auction-log.js';

const LINES = Array.from({ length: 50 }, (_, i) => JSON.stringify({ id: `r-${i}`, timestamp: 1_326_240_000 + i }));
const TEXT = [...LINES.slice(0, 20), 'not json', '', '{}', ...LINES.slice(20)].join('\n');

describe('AuctionLog', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'matchum-log-'));
    await writeFile(join(folder, 'plain.jsonl'), TEXT);
    await writeFile(join(folder, 'packed.jsonl.gz'), gzipSync(TEXT));
    await writeFile(join(folder, 'cut.jsonl.gz'), gzipSync(TEXT).subarray(0, -12));
  });

  afterAll(() => rm(folder, { recursive: true }));

  async function read(name: string, limit = Infinity): Promise<{ ids: string[]; malformed: number }> {
    const log = await AuctionLog.open(join(folder, name), limit);
    const ids: string[] = [];
    let malformed = 0;
    const requests = log.requests((line) => {
      if (line.malformed) malformed++;
    });
    for await (const { id } of requests) ids.push(id);
    return { ids, malformed };
  }

  it.each(['plain.jsonl', 'packed.jsonl.gz'])(
    'streams the requests of %s in their order, and counts what is none',
    async (name) => {
      const { ids, malformed } = await read(name);
      expect(ids).toEqual(LINES.map((_, i) => `r-${i}`));
      expect(malformed).toBe(2);
    },
  );

  it('stops after the requests that it was limited to', async () => {
    expect((await read('packed.jsonl.gz', 7)).ids).toHaveLength(7);
  });

  it('can be read again', async () => {
    const log = await AuctionLog.open(join(folder, 'plain.jsonl'), Infinity);
    for (let i = 0; i < 2; i++) {
      let count = 0;
      for await (const request of log.requests()) count += request.id === '' ? 0 : 1;
      expect(count).toBe(LINES.length);
    }
  });

  it('says so when a file breaks off', async () => {
    await expect(read('cut.jsonl.gz')).rejects.toThrow(
      /cut\.jsonl\.gz can't be read to its end: unexpected end of file/,
    );
  });

  it('says where to get a log when there is none', async () => {
    const missing = AuctionLog.open(join(folder, 'missing.jsonl'), Infinity);
    await expect(missing).rejects.toThrow(UsageError);
    await expect(missing).rejects.toThrow(/no auction log at .*missing\.jsonl.*rtbkit/s);
  });
});
