import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { countNames, countParts, type JsonParts } from './json-bytes.js';

/** Of a parsed value. */
function partsOf(value: unknown): JsonParts {
  if (typeof value !== 'object' || value === null) return { entries: 0, values: 1 };
  const inner = Object.values(value).map(partsOf);
  const sum = (part: keyof JsonParts): number => inner.reduce((total, parts) => total + parts[part], 0);
  return { entries: sum('entries') + (Array.isArray(value) ? 0 : inner.length), values: sum('values') + 1 };
}

describe('countParts', () => {
  it('counts the entries and values of every text', () => {
    const indent = fc.constantFrom(undefined, 1, '\t', '\n');
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), indent, (value, space) => {
        expect(countParts(Buffer.from(JSON.stringify(value, null, space)))).toEqual(partsOf(value));
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['7', 0, 1],
    [' { } ', 0, 1],
    ['[ [\n] ,{}]', 0, 3],
    ['{"a,:[{":"\\",{[:"}', 1, 2],
    ['{"a":1,"a":2}', 2, 3],
    ['[[[]]]', 0, 3],
  ])('counts %s', (json, entries, values) => {
    expect(countParts(Buffer.from(json))).toEqual({ entries, values });
  });
});

describe('countNames', () => {
  it('counts each name once, and no other text', () => {
    const names = (value: unknown): readonly string[] =>
      typeof value !== 'object' || value === null
        ? []
        : [...(Array.isArray(value) ? [] : Object.keys(value)), ...Object.values(value).flatMap(names)];
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        expect(countNames(Buffer.from(JSON.stringify(value)))).toBe(new Set(names(value)).size);
      }),
      { numRuns: 1_000 },
    );
  });
});
