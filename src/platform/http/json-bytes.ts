/** JSON texts as they are looked at before they are parsed: byte by byte, and only outside of strings. */
export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const OPENING_BRACKET = 0x5b;
export const CLOSING_BRACKET = 0x5d;
export const OPENING_BRACE = 0x7b;
export const CLOSING_BRACE = 0x7d;
const BACKSLASH = 0x5c;
const SPACE = 0x20;

/** The shortest entry is `"":1,`. */
export const SHORTEST_ENTRY_BYTES = 5;

/** Where the string that begins at `from` has its closing quote, or the text its end. O(bytes). */
export function endOfString(json: Buffer, from: number): number {
  for (let i = from + 1; i < json.length; i++) {
    if (json[i] === BACKSLASH) i++;
    else if (json[i] === QUOTE) return i;
  }
  return json.length;
}

/** True from the first `[` or `{` past `limit` on, whether or not it is ever closed. O(bytes). */
export function nestsDeeperThan(json: Buffer, limit: number): boolean {
  if (json.length <= limit) return false;
  let depth = 0;
  for (let i = 0; i < json.length; i++) {
    switch (json[i]) {
      case QUOTE:
        i = endOfString(json, i);
        break;
      case OPENING_BRACE:
      case OPENING_BRACKET:
        if (++depth > limit) return true;
        break;
      case CLOSING_BRACE:
      case CLOSING_BRACKET:
        depth--;
        break;
      default:
    }
  }
  return false;
}

export interface JsonParts {
  /** Of all objects together; keys that repeat count each time. */
  readonly entries: number;
  /** The outermost one, and what all objects and lists hold. */
  readonly values: number;
}

/** Of a text that is not JSON, some numbers. O(bytes). */
export function countParts(json: Buffer): JsonParts {
  let entries = 0;
  let values = 1;
  let isEmpty = false;
  for (let i = 0; i < json.length; i++) {
    const byte = json[i]!;
    switch (byte) {
      case COLON:
        entries++;
        break;
      case COMMA:
        values++;
        break;
      case CLOSING_BRACE:
      case CLOSING_BRACKET:
        if (isEmpty) values--;
        isEmpty = false;
        break;
      case OPENING_BRACE:
      case OPENING_BRACKET:
        values++;
        isEmpty = true;
        break;
      default:
        if (byte === QUOTE) i = endOfString(json, i);
        if (byte > SPACE) isEmpty = false;
    }
  }
  return { entries, values };
}

/** Different names of entries, in all objects together, each as it is written. O(bytes). */
export function countNames(json: Buffer): number {
  const names = new Set<string>();
  let from = 0;
  let to = 0;
  for (let i = 0; i < json.length; i++) {
    if (json[i] === QUOTE) {
      from = i;
      i = to = endOfString(json, i);
    } else if (json[i] === COLON) names.add(json.toString('latin1', from, to));
  }
  return names.size;
}

/** What a string says, given with its quotes; what it holds as it is where it has an escape that JSON does not know. */
export function readString(quoted: Buffer): string {
  try {
    return JSON.parse(quoted.toString('utf8')) as string;
  } catch {
    return quoted.subarray(1, -1).toString('utf8');
  }
}
