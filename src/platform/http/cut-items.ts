import { AppError, invalid } from '../app-error.js';
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
} from './json-bytes.js';

/**
 * Cuts the items of one list out of a JSON text before the text is parsed, so that each is judged and parsed like a body
 * of its own. In place of an item stands its index. The text is JSON if the rest and all items are; of a text that is not,
 * some of these is none either.
 */
export interface ItemRules {
  /** Of the outermost object, a list. */
  readonly field: string;
  readonly maxItems: number;
  /** Of one item, and of all that is beside the items. */
  readonly maxBytes: number;
}

export interface CutBody {
  /** Like `{"requests":[0,1,2]}`. */
  readonly rest: Buffer;
  readonly items: readonly Buffer[];
}

/** A letter of a name may be written as six, like `\u0073`. */
const LONGEST_LETTER = 6;

/** Throws AppError where there are more items than the rules have it, or too much beside them. O(bytes). */
export function cutItems(json: Buffer, rules: ItemRules): CutBody {
  const cut = new Cut(json, rules);
  let depth = 0;
  let keyFrom = 0;
  let keyTo = 0;
  // Between the field's name and the end of its value.
  let isField = false;
  let isInList = false;
  for (let i = 0; i < json.length; i++) {
    switch (json[i]) {
      case QUOTE: {
        const end = endOfString(json, i);
        if (depth === 1) [keyFrom, keyTo] = [i, end + 1];
        i = end;
        break;
      }
      case COLON:
        if (depth === 1) isField = cut.isField(keyFrom, keyTo);
        break;
      case COMMA:
        if (depth === 1) isField = false;
        else if (depth === 2 && isInList) cut.endItem(i);
        break;
      case OPENING_BRACE:
      case OPENING_BRACKET:
        if (++depth !== 2) break;
        isInList = isField && json[i] === OPENING_BRACKET;
        if (isInList) cut.beginList(i + 1);
        break;
      case CLOSING_BRACE:
      case CLOSING_BRACKET:
        if (depth-- === 2 && isInList) cut.endItem(i);
        break;
      default:
    }
  }
  return cut.end();
}

class Cut {
  private readonly rest: Buffer[] = [];
  private restBytes = 0;
  private restFrom = 0;
  private itemFrom = 0;
  private readonly items: Buffer[] = [];

  constructor(
    private readonly json: Buffer,
    private readonly rules: ItemRules,
  ) {}

  isField(from: number, to: number): boolean {
    this.limitRest(from);
    const { field } = this.rules;
    const length = to - from - 2;
    if (length < field.length || length > field.length * LONGEST_LETTER) return false;
    return readString(this.json.subarray(from, to)) === field;
  }

  beginList(from: number): void {
    this.itemFrom = from;
  }

  /** `end` is where its comma or the list's bracket stands. */
  endItem(end: number): void {
    let [from, to] = [this.itemFrom, end];
    this.itemFrom = end + 1;
    while (isSpace(this.json[from])) from++;
    while (to > from && isSpace(this.json[to - 1])) to--;
    this.limitRest(from);
    // A list without items, or what is no JSON.
    if (from >= to) return;
    const { field, maxItems } = this.rules;
    const index = this.items.length;
    // As the schema has it; so many are not even cut.
    if (index === maxItems) throw invalid([{ path: field, message: `must NOT have more than ${maxItems} items` }]);
    this.keepRest(from);
    this.keep(Buffer.from(String(index)));
    this.items.push(this.json.subarray(from, to));
    this.restFrom = to;
  }

  end(): CutBody {
    this.limitRest(this.json.length);
    this.keepRest(this.json.length);
    return { rest: Buffer.concat(this.rest), items: this.items };
  }

  private limitRest(to: number): void {
    const { field, maxBytes } = this.rules;
    if (this.restBytes + to - this.restFrom <= maxBytes) return;
    throw new AppError(
      413,
      'content_too_large',
      `What the body has beside '${field}' is larger than the ${maxBytes} bytes that this route takes.`,
    );
  }

  private keepRest(to: number): void {
    this.keep(this.json.subarray(this.restFrom, to));
  }

  private keep(part: Buffer): void {
    this.rest.push(part);
    this.restBytes += part.length;
  }
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
