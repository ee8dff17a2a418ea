import { joinPath } from './field-path.js';
import {
  CLOSING_BRACE,
  CLOSING_BRACKET,
  COLON,
  COMMA,
  endOfString,
  OPENING_BRACE,
  OPENING_BRACKET,
  QUOTE,
  readString,
  SHORTEST_ENTRY_BYTES,
} from './json-bytes.js';

/**
 * Finds an object with too many entries in a JSON text before the text is parsed: building an object of 50,000 keys takes
 * the event loop 100 ms, counting them 2 ms. Only the bytes outside of strings are looked at, so that a text that is not
 * JSON gets some answer, too; its parser says what is wrong with it.
 */
export interface WideObject {
  /** Like `interests`, or `adGroups[2].targeting`; empty for the outermost one. */
  readonly path: string;
  readonly entries: number;
}

/** Far beyond what any body may nest: such a text is refused for its depth, and what is open is not kept without bound. */
const DEEPEST = 1_000;

/** An object or list that is open where the scan is. */
interface OpenValue {
  readonly isList: boolean;
  /** Of an object, its keys so far; of a list, the values before the present one. */
  count: number;
  /** Where the latest string directly inside begins and ends: of an object, the key of the value that follows. */
  keyFrom: number;
  keyTo: number;
}

/**
 * The first object to pass `most` entries, with all entries that it has. O(bytes). Keys that repeat count each time. Null
 * also for a text that is too deep for any body.
 */
export function findWideObject(json: Buffer, most: number): WideObject | null {
  if (json.length < most * SHORTEST_ENTRY_BYTES) return null;
  const open: OpenValue[] = [];
  let wide: OpenValue | null = null;
  let path = '';
  for (let i = 0; i < json.length; i++) {
    const inner = open[open.length - 1];
    switch (json[i]) {
      case QUOTE: {
        const end = endOfString(json, i);
        if (inner !== undefined) {
          inner.keyFrom = i;
          inner.keyTo = end + 1;
        }
        i = end;
        break;
      }
      case COLON:
        if (inner === undefined || ++inner.count <= most || wide !== null) break;
        wide = inner;
        path = pathOf(json, open.slice(0, -1));
        break;
      case COMMA:
        if (inner?.isList === true) inner.count++;
        break;
      case OPENING_BRACE:
      case OPENING_BRACKET:
        if (open.length === DEEPEST) return null;
        open.push({ isList: json[i] === OPENING_BRACKET, count: 0, keyFrom: 0, keyTo: 0 });
        break;
      case CLOSING_BRACE:
      case CLOSING_BRACKET:
        if (wide !== null && inner === wide) return { path, entries: wide.count };
        open.pop();
        break;
      default:
    }
  }
  return wide === null ? null : { path, entries: wide.count };
}

function pathOf(json: Buffer, parents: readonly OpenValue[]): string {
  return parents.reduce(
    (path, { isList, count, keyFrom, keyTo }) =>
      joinPath(path, isList ? count : readString(json.subarray(keyFrom, keyTo))),
    '',
  );
}
