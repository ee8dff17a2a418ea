import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { matches } from '../../src/core/targeting/evaluate-targeting.js';
import type { Targeting } from '../../src/core/targeting/expression.js';
import { formatTargeting } from '../../src/core/targeting/format-targeting.js';
import { parseTargeting } from '../../src/core/targeting/parse-targeting.js';
import { arbitrarySubject, arbitraryTargeting } from './arbitraries/targeting.js';
import { wireMatches } from './read-wire-targeting.js';
import type { WireNode } from './read-wire-targeting.js';

const RUNS = { numRuns: 500 };

function parsed(wire: unknown): Targeting {
  const result = parseTargeting(wire);
  if (!result.ok) throw new Error(JSON.stringify(result.errors));
  return result.targeting;
}

const overJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('the wire form of an expression', () => {
  it('gives the same expression again, over JSON too', () => {
    fc.assert(
      fc.property(arbitraryTargeting, (targeting) => {
        expect(parsed(formatTargeting(targeting))).toEqual(targeting);
        expect(parsed(overJson(formatTargeting(targeting)))).toEqual(targeting);
      }),
      RUNS,
    );
  });

  it('is the same for every spelling of an expression', () => {
    fc.assert(
      fc.property(arbitraryTargeting, (targeting) => {
        const canonical = formatTargeting(targeting);
        expect(formatTargeting(parsed(respelt(canonical as WireNode)))).toEqual(canonical);
      }),
      RUNS,
    );
  });

  it('names the references that a text search of it finds', () => {
    fc.assert(
      fc.property(arbitraryTargeting, (targeting) => {
        const wire = overJson(formatTargeting(targeting));
        const result = parseTargeting(wire);
        const named = { segments: new Set<string>(), audiences: new Set<string>() };
        JSON.stringify(wire, (key, value: unknown) => {
          if (key === 'segment') named.segments.add(value as string);
          if (key === 'segments') for (const id of value as string[]) named.segments.add(id);
          if (key === 'audience') named.audiences.add(value as string);
          return value;
        });
        expect(result).toMatchObject({
          references: { segments: [...named.segments], audiences: [...named.audiences] },
        });
      }),
      RUNS,
    );
  });
});

/** The same expression in the other spellings that the grammar allows, with the keys of each node turned around. */
function respelt(node: WireNode): unknown {
  if (node.all) return { all: node.all.map(respelt) };
  if (node.any) return { any: node.any.map(respelt) };
  if (node.not) return { not: respelt(node.not) };
  if (Object.keys(node).length === 0) return { all: [] };
  if (node.segment !== undefined) return { minWeight: node.minWeight ?? 0, segments: [node.segment] };
  return Object.fromEntries(Object.entries(node).reverse());
}

describe('matches', () => {
  it('agrees with a plain reading of the wire form', () => {
    fc.assert(
      fc.property(arbitraryTargeting, arbitrarySubject, (targeting, subject) => {
        const wire = overJson(formatTargeting(targeting)) as WireNode;
        expect(matches(parsed(wire), subject)).toBe(wireMatches(wire, subject));
      }),
      { numRuns: 3_000 },
    );
  });

  it('obeys the laws of De Morgan and of double negation', () => {
    const trees = fc.array(arbitraryTargeting, { maxLength: 4 });
    fc.assert(
      fc.property(trees, arbitrarySubject, (of, subject) => {
        const negated = of.map((tree): Targeting => ({ kind: 'not', of: tree }));
        const all = matches({ kind: 'all', of }, subject);
        const any = matches({ kind: 'any', of }, subject);
        expect(matches({ kind: 'not', of: { kind: 'any', of: negated } }, subject)).toBe(all);
        expect(matches({ kind: 'not', of: { kind: 'all', of: negated } }, subject)).toBe(any);
        expect(matches({ kind: 'not', of: { kind: 'not', of: { kind: 'all', of } } }, subject)).toBe(all);
      }),
      RUNS,
    );
  });

  it('does not depend on the order of children', () => {
    const trees = fc.array(arbitraryTargeting, { maxLength: 4 });
    fc.assert(
      fc.property(fc.constantFrom('all', 'any'), trees, arbitrarySubject, (kind, of, subject) => {
        const turned = of.toReversed();
        expect(matches({ kind, of: turned }, subject)).toBe(matches({ kind, of }, subject));
      }),
      RUNS,
    );
  });
});

describe('parseTargeting on wrong input', () => {
  const anything = fc.oneof(
    fc.jsonValue({ stringUnit: 'binary' }),
    fc.anything({
      withBigInt: true,
      withBoxedValues: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withObjectString: true,
      withSet: true,
      withSparseArray: true,
      withTypedArray: true,
    }),
    junkInTheGrammar(),
  );

  it('never throws, and points every error to a node or to a missing key', () => {
    fc.assert(
      fc.property(anything, (input) => {
        const result = parseTargeting(input);
        if (result.ok) {
          expect(parsed(formatTargeting(result.targeting))).toEqual(result.targeting);
          return;
        }
        expect(result.errors.length).toBeGreaterThanOrEqual(1);
        expect(result.errors.length).toBeLessThanOrEqual(20);
        for (const { path, message } of result.errors) {
          expect(message).not.toBe('');
          expect({ path, leadsSomewhere: leadsSomewhere(input, path) }).toEqual({ path, leadsSomewhere: true });
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('reports a single wrong value at exactly its path', () => {
    fc.assert(
      fc.property(arbitraryTargeting, fc.nat(), fc.constantFrom('\0', null, '\ud800'), (targeting, pick, wrong) => {
        const wire = { targeting: overJson(formatTargeting(targeting)) };
        const places = placesIn(wire.targeting, 'targeting', (value) => (wire.targeting = value));
        const place = places[pick % places.length]!;
        place.replace(wrong);
        const result = parseTargeting(wire.targeting);
        if (wire.targeting === null) expect(result.ok).toBe(true);
        else expect(result).toMatchObject({ ok: false, errors: [{ path: place.path }] });
      }),
      { numRuns: 2_000 },
    );
  });

  it('reports a single unknown key at exactly its path', () => {
    const key = fc.oneof(
      fc.stringMatching(/^[a-zA-Z_]\w{0,20}$/).map((word) => `x${word}`),
      fc.constantFrom('__proto__', 'constructor', 'hasOwnProperty', 'toString'),
    );
    fc.assert(
      fc.property(arbitraryTargeting, fc.nat(), key, fc.jsonValue(), (targeting, pick, unknown, value) => {
        const wire = overJson(formatTargeting(targeting));
        const objects = placesIn(wire, 'targeting', () => undefined).filter((place) => isRecord(place.value));
        const { path, value: node } = objects[pick % objects.length]!;
        Object.defineProperty(node, unknown, { value, enumerable: true, configurable: true, writable: true });
        expect(parseTargeting(wire)).toMatchObject({ ok: false, errors: [{ path: `${path}.${unknown}` }] });
      }),
      { numRuns: 2_000 },
    );
  });
});

/** JSON that looks like the grammar, with wrong values and keys strewn in. */
function junkInTheGrammar(): fc.Arbitrary<unknown> {
  const keys = fc.constantFrom(
    ...['all', 'any', 'not', 'segment', 'segments', 'minWeight', 'age', 'min', 'max', 'gender', 'country', 'osVersion'],
    ...['attribute', 'in', 'exists', 'audience', 'carrier', 'gendr', '__proto__', 'no such key', '\0'],
  );
  const leaf = fc.constantFrom<unknown>(
    'auto.ev',
    'aud_1',
    'KR',
    '4.0',
    'female',
    '',
    0,
    0.5,
    20,
    -1,
    true,
    null,
    {},
    [],
  );
  return fc.letrec<{ node: unknown }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 5, depthSize: 'small' },
      leaf,
      fc.dictionary(keys, tie('node'), { maxKeys: 3 }),
      fc.array(tie('node'), { maxLength: 4 }),
    ),
  })).node;
}

interface PlaceInWire {
  readonly path: string;
  readonly value: unknown;
  readonly replace: (value: unknown) => void;
}

/** Every value inside `value`, itself included. */
function placesIn(value: unknown, path: string, replace: (value: unknown) => void): PlaceInWire[] {
  const here: PlaceInWire = { path, value, replace };
  if (Array.isArray(value)) {
    const list: unknown[] = value;
    return [here, ...list.flatMap((item, i) => placesIn(item, `${path}[${i}]`, (other) => (list[i] = other)))];
  }
  if (!isRecord(value)) return [here];
  return [
    here,
    ...Object.keys(value).flatMap((k) => placesIn(value[k], `${path}.${k}`, (other) => (value[k] = other))),
  ];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Follows a path: every step but the last must be there, and the last one's parent must be able to hold it. */
function leadsSomewhere(input: unknown, path: string): boolean {
  if (!/^targeting(\.\w+|\[\d+\])*$/.test(path)) return false;
  let at = input;
  const steps = [...path.matchAll(/\.(\w+)|\[(\d+)\]/g)];
  for (const [i, [, key, index]] of steps.entries()) {
    if (index !== undefined) {
      if (!Array.isArray(at) || Number(index) >= at.length) return false;
      at = (at as unknown[])[Number(index)];
    } else if (isRecord(at) && Object.hasOwn(at, key!)) {
      at = at[key!];
    } else {
      return isRecord(at) && i === steps.length - 1;
    }
  }
  return true;
}
