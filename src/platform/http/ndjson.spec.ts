import { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AppError } from '../app-error.js';
import { type NdjsonLine, readLines } from './ndjson.js';

type Verdict = readonly [line: number, text: string | null];

async function linesOf(chunks: readonly Buffer[], maxLineBytes: number): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  // The bytes are copied at once, since they are valid until the next line only.
  for await (const line of readLines(Readable.from(chunks), maxLineBytes)) verdicts.push(verdict(line));
  return verdicts;
}

function verdict(line: NdjsonLine): Verdict {
  return [line.line, line.tooLong ? null : line.bytes.toString('latin1')];
}

/** What the lines are, read the slow and obvious way. */
function expectedLines(body: Buffer, maxLineBytes: number): Verdict[] {
  return body
    .toString('latin1')
    .split('\n')
    .map((text, i): Verdict => [i + 1, text.replace(/\r$/, '')])
    .filter(([, text]) => text === null || !/^[ \t]*$/.test(text) || text.length > maxLineBytes)
    .map(([line, text]) => [line, text !== null && text.length > maxLineBytes ? null : text]);
}

function cut(body: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((at) => at % (body.length + 1)).sort((a, b) => a - b), body.length];
  return places.slice(1).map((end, i) => body.subarray(places[i], end));
}

describe('readLines', () => {
  const bytes = fc
    .array(fc.constantFrom(...'\n\n\r \t{}"a한'.split(''), '\xff'), { maxLength: 80 })
    .map((parts) => Buffer.from(parts.join('')));

  it('gives the same lines wherever the stream was cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        bytes,
        fc.array(fc.nat(200), { maxLength: 12 }),
        fc.integer({ min: 1, max: 12 }),
        async (body, cuts, max) => {
          expect(await linesOf(cut(body, cuts), max)).toEqual(expectedLines(body, max));
        },
      ),
    );
  });

  it('leaves out a byte order mark at the start only', async () => {
    const body = Buffer.from('\ufeff{}\n\ufeff{}');
    const lines = await linesOf(cut(body, [1, 2]), 5);
    expect(lines).toEqual([
      [1, '{}'],
      [2, '\xef\xbb\xbf{}'],
    ]);
  });

  it('takes a line at the limit and passes over a longer one', async () => {
    expect(await linesOf([Buffer.from('12345\r\n123456\n1')], 5)).toEqual([
      [1, '12345'],
      [2, null],
      [3, '1'],
    ]);
  });

  it('keeps no more than a line and a chunk of an endless line', async () => {
    const chunk = Buffer.alloc(64 * 1024, 'a');
    function* endless(): Generator<Buffer> {
      for (let i = 0; i < 4_096; i++) yield chunk;
      yield Buffer.from('\n{}\n');
    }
    global.gc?.();
    const before = process.memoryUsage();
    const lines: Verdict[] = [];
    let most = 0;
    for await (const line of readLines(Readable.from(endless()), 1_024)) {
      lines.push(verdict(line));
      most = Math.max(most, process.memoryUsage().arrayBuffers - before.arrayBuffers);
    }
    expect(lines).toEqual([
      [1, null],
      [2, '{}'],
    ]);
    expect(most).toBeLessThan(8 * 1024 * 1024);
  });

  it('reads no further than its caller does', async () => {
    let given = 0;
    const stream = new Readable({
      highWaterMark: 16,
      read() {
        given += 1;
        this.push(given > 50 ? null : Buffer.from('{"a":1}\n{"a":2}\n'));
      },
    });
    const lines = readLines(stream, 100);
    for (let i = 0; i < 5; i++) await lines.next();
    expect(given).toBeLessThan(10);
  });

  it('passes over the rest for a caller that stops early, without breaking the stream', async () => {
    const stream = Readable.from(Array.from({ length: 100 }, () => Buffer.from('{"a":1}\n')));
    const ended = new Promise<string>((resolve) => {
      stream.on('end', () => resolve('ended')).on('error', () => resolve('broken'));
    });
    for await (const line of readLines(stream, 100)) if (line.line >= 5) break;
    expect(await ended).toBe('ended');
  });

  it('tells an upload that broke off from one that ended', async () => {
    const stream = new Readable({ read: () => undefined });
    stream.push('{}\n{"half":');
    const reading = (async () => {
      const lines: number[] = [];
      for await (const { line } of readLines(stream, 100)) {
        lines.push(line);
        stream.destroy(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }));
      }
      return lines;
    })();
    await expect(reading).rejects.toBeInstanceOf(AppError);
    await expect(reading).rejects.toMatchObject({
      status: 400,
      code: 'upload_incomplete',
      cause: { code: 'ECONNRESET' },
    });
    expect(EventEmitter.listenerCount(stream, 'data')).toBe(0);
  });
});
