import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { matches } from '../../src/core/targeting/evaluate-targeting.js';
import type { AttributeValue } from '../../src/core/targeting/expression.js';
import { formatTargeting } from '../../src/core/targeting/format-targeting.js';
import { parseTargeting } from '../../src/core/targeting/parse-targeting.js';
import type { Subject } from '../../src/core/targeting/subject.js';

interface WireSubject extends Partial<Omit<Subject, 'interests' | 'attributes' | 'audiences'>> {
  readonly interests?: Readonly<Record<string, number>>;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly audiences?: readonly string[];
}

interface Vectors {
  readonly matching: readonly { name: string; expression: unknown; subject: WireSubject; expected: boolean }[];
  readonly refused: readonly { name: string; expression: unknown; paths: readonly string[] }[];
}

const vectors = JSON.parse(readFileSync(new URL('./targeting.json', import.meta.url), 'utf8')) as Vectors;

const UNKNOWN = {
  age: null,
  gender: null,
  country: null,
  region: null,
  language: null,
  os: null,
  osVersion: null,
  appVersion: null,
  carrier: null,
  deviceType: null,
};

const subjectOf = ({ interests = {}, attributes = {}, audiences = [], ...fields }: WireSubject): Subject => ({
  ...UNKNOWN,
  ...fields,
  interests: new Map(Object.entries(interests)),
  attributes: new Map(Object.entries(attributes)),
  audiences: new Set(audiences),
});

describe('targeting expressions that match or do not', () => {
  it.each(vectors.matching)('$name: $expected', ({ expression, subject, expected }) => {
    const result = parseTargeting(expression);
    expect(result).toMatchObject({ ok: true });
    if (!result.ok) return;
    expect(matches(result.targeting, subjectOf(subject))).toBe(expected);
    expect(parseTargeting(formatTargeting(result.targeting))).toEqual(result);
  });
});

describe('targeting expressions that are refused', () => {
  it.each(vectors.refused)('$name', ({ expression, paths }) => {
    const result = parseTargeting(expression);
    expect(result.ok ? [] : result.errors.map(({ path }) => path)).toEqual(paths);
  });
});
