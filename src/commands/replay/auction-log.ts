import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { readLines } from '../../platform/http/ndjson.js';
import { UsageError } from '../command-line.js';
import { type AuctionRequest, readAuctionRequest } from './auction-request.js';

/** The longest line of a log of 20,000 real requests has 1.4 KB; what is past this is no request. */
const MAX_LINE_BYTES = 1024 * 1024;

/**
 * An auction log: one bid request a line, as JSON; gzipped where the name ends in .gz. It is streamed, as often as it is
 * read, so that its length does not matter.
 */
export class AuctionLog {
  private constructor(
    private readonly path: string,
    /** Bytes of the file. */
    readonly size: number,
    /** Most requests to read. */
    private readonly limit: number,
  ) {}

  static async open(path: string, limit: number): Promise<AuctionLog> {
    const found = await stat(path).catch(() => null);
    if (found?.isFile() === true) return new AuctionLog(path, found.size, limit);
    throw new UsageError(
      `There is no auction log at ${path}. One is a file of bid requests, one a line as JSON (.jsonl or .jsonl.gz), each with ` +
        'id, timestamp, user, location, language, userAgent and segments.adxVerticals, as RTBkit writes them. The project’s ' +
        'developers have 20,000 real ones in ../shared/data/rtb-auctions-2012; the repository rtbkit/rtbkit has them as a sample.',
    );
  }

  /** `onLine` is told of each line that is read (malformed: it is no bid request and is skipped), and the bytes so far. */
  async *requests(
    onLine: (line: { readonly malformed: boolean; readonly bytesRead: number }) => void = () => undefined,
  ): AsyncGenerator<AuctionRequest, void, undefined> {
    const file = createReadStream(this.path);
    const source = this.path.endsWith('.gz') ? file.pipe(createGunzip()) : file;
    // A pipe hands on data, not faults.
    file.on('error', (error) => source.destroy(error));
    let count = 0;
    try {
      for await (const { bytes } of readLines(source, MAX_LINE_BYTES)) {
        const request = bytes === undefined ? null : readAuctionRequest(bytes.toString('utf8'));
        onLine({ malformed: request === null, bytesRead: file.bytesRead });
        if (request === null) continue;
        yield request;
        if (++count >= this.limit) return;
      }
    } catch (error) {
      const { cause, message } = error as Error & { readonly cause?: Error };
      throw new Error(`${this.path} can't be read to its end: ${cause?.message ?? message}`, {
        cause: error,
      });
    } finally {
      source.destroy();
      file.destroy();
    }
  }
}
