import type { ApiClient } from './api-client.js';
import type { OnProgress } from './progress.js';

/** An upload as the NDJSON routes answer it. */
interface UploadResult {
  readonly accepted: number;
  readonly rejected: readonly { readonly line: number; readonly code: string; readonly message: string }[];
}

export interface Upload {
  /** What the lines are, for the progress. */
  readonly step: string;
  readonly total: number;
  readonly onProgress: OnProgress;
}

/** What one request carries: it can be sent again as a whole, and takes the server well below a second. */
const LINES_A_REQUEST = 1_000;

/** Sends upserts in several NDJSON requests; throws at the first line that the server rejects. */
export async function uploadLines(
  client: ApiClient,
  path: string,
  lines: Iterable<object>,
  { step, total, onProgress }: Upload,
): Promise<void> {
  let done = 0;
  await client.each(chunksOf(lines, LINES_A_REQUEST), async (chunk) => {
    const { rejected } = await client.post<UploadResult>(path, { lines: chunk, idempotent: true });
    const [first] = rejected;
    if (first !== undefined) {
      throw new Error(`${path} rejected ${rejected.length} lines; the first as ${first.code}: ${first.message}`);
    }
    onProgress(step, (done += chunk.length), total);
  });
}

function* chunksOf<T>(items: Iterable<T>, size: number): Generator<readonly T[], void, undefined> {
  let chunk: T[] = [];
  for (const item of items) {
    chunk.push(item);
    if (chunk.length < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
