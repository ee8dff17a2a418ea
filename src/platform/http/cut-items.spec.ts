import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cutItems, type ItemRules } from './cut-items.js';

const RULES: ItemRules = { field: 'list', maxItems: 5, maxBytes: 100 };
const ANY: ItemRules = { ...RULES, maxItems: 1_000, maxBytes: 1_000_000 };
const cut = (json: string, rules = ANY) => {
  const { rest, items } = cutItems(Buffer.from(json), rules);
  return { rest: rest.toString(), items: items.map(String) };
};

/** What the cut text says, its parts parsed one by one. */
function parseParts(json: string): unknown {
  const { rest, items } = cut(json);
  const read: unknown[] = items.map((item) => JSON.parse(item) as unknown);
  const parsed: unknown = JSON.parse(rest);
  const { list } = (parsed ?? {}) as { list?: unknown };
  return Array.isArray(list) ? { ...(parsed as object), list: list.map((index) => read[index as number]) } : parsed;
}

const space = fc.stringMatching(/^[ \n\r\t]{0,2}$/);
const spaced = (text: string) => fc.tuple(space, space).map(([before, after]) => before + text + after);
/** A string as JSON may write it: some letters as escapes. */
const quoted = (text: fc.Arbitrary<string>) =>
  fc.tuple(text, fc.infiniteStream(fc.boolean())).map(([letters, isEscaped]) => {
    const written = [...letters].map((letter) =>
      isEscaped.next().value === true && letter.length === 1
        ? `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`
        : JSON.stringify(letter).slice(1, -1),
    );
    return `"${written.join('')}"`;
  });

const { value: jsonValue } = fc.letrec<{ value: string; text: string }>((tie) => {
  const items = fc.array(tie('value'), { maxLength: 4 });
  const key = quoted(fc.oneof(fc.constant('list'), fc.string({ maxLength: 4 })));
  return {
    text: quoted(fc.string({ unit: fc.constantFrom('"', '\\', '[', ']', '{', '}', ',', ':', 'a', '가') })),
    value: fc
      .oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.constantFrom('0', '-1.5e3', 'true', 'null', '[]', '{}'),
        tie('text'),
        items.map((parts) => `[${parts.join(',')}]`),
        fc
          .array(fc.tuple(key, tie('value')), { maxLength: 4 })
          .map((entries) => `{${entries.map(([k, v]) => `${k} :${v}`).join(', ')}}`),
      )
      .chain(spaced),
  };
});
/** Objects with a list by the field's name, mostly; at times with two, or with none. */
const body = fc
  .array(
    fc.tuple(
      quoted(fc.constantFrom('list', 'lists', 'a')),
      fc.oneof(
        jsonValue,
        fc.array(jsonValue, { maxLength: 5 }).map((items) => `[${items.join(',')}]`),
      ),
    ),
    { maxLength: 4 },
  )
  .map((entries) => `{${entries.map(([k, v]) => `${k}:${v}`).join(',')}}`);

describe('the items of a list in a JSON text', () => {
  it('say with the rest what the whole text says', () => {
    fc.assert(
      fc.property(fc.oneof(body, jsonValue), (json) => {
        expect(parseParts(json)).toEqual(JSON.parse(json));
      }),
    );
  });

  it('are JSON with the rest exactly where the whole text is', () => {
    const noise = fc.constantFrom('', '[', ']', '{', '}', ',', ':', '"', '\\', ' ', '0', 'null', '\ufeff');
    fc.assert(
      fc.property(body, fc.nat(), fc.nat(2), noise, (json, at, gone, put) => {
        const from = at % json.length;
        const text = json.slice(0, from) + put + json.slice(from + gone);
        expect(outcome(() => parseParts(text))).toEqual(outcome(() => JSON.parse(text) as unknown));
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['{"list":[{"a":[1,2]}, "],", 3 ],"b":[4]}', '{"list":[0, 1, 2 ],"b":[4]}', ['{"a":[1,2]}', '"],"', '3']],
    [String.raw`{"l\u0069st":[7]}`, String.raw`{"l\u0069st":[0]}`, ['7']],
    ['{"a":{"list":[7]},"list":{"list":[7]}}', '{"a":{"list":[7]},"list":{"list":[7]}}', []],
    ['{"list":[7,8],"list":[9]}', '{"list":[0,1],"list":[2]}', ['7', '8', '9']],
    ['["list",[7]]', '["list",[7]]', []],
    ['{"list":[ ]}', '{"list":[ ]}', []],
    ['{"list":[7,,8', '{"list":[0,,8', ['7']],
  ])('are cut out of %s', (json, rest, items) => {
    expect(cut(json)).toEqual({ rest, items });
  });

  it('are cut up to the number that the list may have', () => {
    expect(cut('{"list":[5,6,7,8,9]}', RULES).items).toHaveLength(5);
    expect(() => cut('{"list":[5,6,7,8,9,0]', RULES)).toThrow(
      expect.objectContaining({ status: 422, errors: [{ path: 'list', message: 'must NOT have more than 5 items' }] }),
    );
  });

  it.each([
    `{"list":[1],"a":"${'x'.repeat(100)}"}`,
    `{"a":"${'x'.repeat(100)}","list":[1]}`,
    `{"list":[${' '.repeat(100)}1]}`,
    `{"list":[${','.repeat(100)}]}`,
    `{"a":[${'['.repeat(100)}`,
  ])('have little beside them: %s', (json) => {
    expect(() => cut(json, RULES)).toThrow(expect.objectContaining({ status: 413, code: 'content_too_large' }));
    expect(cut(`{"list":["${'x'.repeat(1_000)}"]}`, RULES).rest).toBe('{"list":[0]}');
  });
});

function outcome(read: () => unknown): unknown {
  try {
    return read();
  } catch {
    return 'no JSON';
  }
}
