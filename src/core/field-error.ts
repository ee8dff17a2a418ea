/**
 * What the parsers of core say about wire input: each wrong place by its path, and what would be right. Parsers collect
 * every fault at once and never throw; nothing of the input is echoed beyond a short name.
 */
export interface FieldError {
  /** Like `frequencyCaps[0].window.length`. */
  readonly path: string;
  readonly message: string;
}

export type WireRecord = Readonly<Record<string, unknown>>;

/** A JSON object: not null, not an array. */
export function isWireRecord(input: unknown): input is WireRecord {
  return typeof input === 'object' && input !== null && !Array.isArray(input);
}

const SHOWN_KEY_LENGTH = 40;

/** Adds one error per key of `record` that is not among `known`, so that a misspelt field is never ignored. */
export function refuseUnknownKeys(
  record: WireRecord,
  known: readonly string[],
  path: string,
  errors: FieldError[],
): void {
  for (const key of Object.keys(record)) {
    if (known.includes(key)) continue;
    errors.push({
      path: `${path}.${key.slice(0, SHOWN_KEY_LENGTH)}`,
      message: `is not a known field; known are ${known.join(', ')}`,
    });
  }
}
