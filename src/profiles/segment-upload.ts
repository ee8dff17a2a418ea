import type { Readable } from 'node:stream';
import { AppError, invalid } from '../platform/app-error.js';
import { type NdjsonLine, readLines } from '../platform/http/ndjson.js';
import { RequestValidationPipe } from '../platform/http/validation.pipe.js';
import { PostSegmentDto } from './segment.dto.js';
import { MAX_REJECTED_LINES, type RejectedLine, readJsonLine, rejectLine, stoppedAt } from './upload-verdicts.js';

/** A segment with both names at their full length takes a quarter of this. */
const MAX_SEGMENT_LINE_BYTES = 4 * 1024;

/** An upload of segments is held as a whole, since parents may stand behind their children. */
export const MAX_SEGMENT_LINES = 10_000;

export interface SegmentUpload {
  /** By id, in the order of their lines. */
  readonly segments: ReadonlyMap<string, { readonly line: number; readonly segment: PostSegmentDto }>;
  readonly rejected: RejectedLine[];
}

const validation = new RequestValidationPipe();

/** The one check of a segment's own fields; whether its place in the tree is right, the catalogue decides. */
export async function readSegment(input: unknown): Promise<PostSegmentDto> {
  const segment = (await validation.transform(input, { type: 'body', metatype: PostSegmentDto })) as PostSegmentDto;
  requireName(segment);
  return segment;
}

export function requireName({ name }: PostSegmentDto): void {
  if (name.ko === undefined && name.en === undefined)
    throw invalid([{ path: 'name', message: 'must have ko, en or both' }]);
}

/** The valid segments of an NDJSON upload, and the verdicts on all other lines. */
export async function readSegments(stream: Readable): Promise<SegmentUpload> {
  const segments = new Map<string, { line: number; segment: PostSegmentDto }>();
  const rejected: RejectedLine[] = [];
  for await (const line of readLines(stream, MAX_SEGMENT_LINE_BYTES)) {
    if (rejected.length >= MAX_REJECTED_LINES) {
      rejected.push(stoppedAt(line.line));
      break;
    }
    if (segments.size >= MAX_SEGMENT_LINES) {
      throw new AppError(413, 'upload_too_large', `Send at most ${MAX_SEGMENT_LINES} segments in one upload.`);
    }
    try {
      const segment = await readLine(line, segments);
      segments.set(segment.id, { line: line.line, segment });
    } catch (error) {
      rejected.push(rejectLine(line.line, error));
    }
  }
  return { segments, rejected };
}

async function readLine(
  line: NdjsonLine,
  earlier: ReadonlyMap<string, { readonly line: number }>,
): Promise<PostSegmentDto> {
  const segment = await readSegment(readJsonLine(line, MAX_SEGMENT_LINE_BYTES));
  const first = earlier.get(segment.id)?.line;
  if (first !== undefined) throw invalid([{ path: 'id', message: `stands on line ${first} already` }]);
  return segment;
}
