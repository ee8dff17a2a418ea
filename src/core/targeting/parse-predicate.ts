/**
 * Reads the predicates of a targeting expression; the caller has looked for keys that do not belong. The keys of
 * `PREDICATE_PARSERS` are the predicates of the wire grammar, in the order in which messages list them.
 */
import { compareVersions } from './compare-versions.js';
import { ONE_OF_FIELDS, VERSION_FIELDS } from './expression.js';
import type { AttributeValue, OneOfField, Predicate, SegmentsPredicate, VersionField } from './expression.js';
import type { ParseRun } from './parse-run.js';
import {
  ATTRIBUTE_KEY_RULE,
  ATTRIBUTE_TEXT_RULE,
  AUDIENCE_ID_RULE,
  FIELD_RULES,
  MAX_AGE,
  SEGMENT_ID_RULE,
} from './vocabulary.js';
import { describeKind, numberIn, ownValue, readList, readRange, readRangeObject, textOf } from './wire-values.js';
import type { ReadValue, WireObject } from './wire-values.js';

type ParsePredicate = (node: WireObject, path: string, run: ParseRun) => Predicate | null;

interface PredicateParser {
  /** The keys that may stand beside the predicate's own. */
  readonly companions: readonly string[];
  readonly parse: ParsePredicate;
}

const readSegmentId = textOf(SEGMENT_ID_RULE);
const readAudienceId = textOf(AUDIENCE_ID_RULE);
const readAttributeKey = textOf(ATTRIBUTE_KEY_RULE);
const readWeight = numberIn(0, 1, 'number');

const byNumber = (left: number, right: number): number => left - right;
const AGE_ENDS = { read: numberIn(0, MAX_AGE, 'integer'), compare: byNumber };
const NUMBER_ENDS = { read: numberIn(-Infinity, Infinity, 'number'), compare: byNumber };

const WEIGHT_KEYS = ['minWeight'];
const ATTRIBUTE_FORM_KEYS = ['in', 'min', 'max', 'exists'];

/** Every key that stands beside a predicate's own key in some node. */
export const COMPANION_KEYS: readonly string[] = [...WEIGHT_KEYS, ...ATTRIBUTE_FORM_KEYS];

export const PREDICATE_PARSERS: ReadonlyMap<string, PredicateParser> = new Map<string, PredicateParser>([
  ['segment', { companions: WEIGHT_KEYS, parse: parseSegment }],
  ['segments', { companions: WEIGHT_KEYS, parse: parseSegments }],
  ['age', { companions: [], parse: parseAge }],
  ...ONE_OF_FIELDS.map((field): [string, PredicateParser] => [field, { companions: [], parse: oneOfParser(field) }]),
  ...VERSION_FIELDS.map((field): [string, PredicateParser] => [field, { companions: [], parse: versionParser(field) }]),
  ['attribute', { companions: ATTRIBUTE_FORM_KEYS, parse: parseAttribute }],
  ['audience', { companions: [], parse: parseAudience }],
]);

function parseSegment(node: WireObject, path: string, run: ParseRun): Predicate | null {
  const id = readSegmentId(ownValue(node, 'segment'), `${path}.segment`, run);
  return segmentsPredicate(id === null ? null : [id], node, path, run);
}

function parseSegments(node: WireObject, path: string, run: ParseRun): Predicate | null {
  const ids = readList(ownValue(node, 'segments'), `${path}.segments`, run, readSegmentId);
  return segmentsPredicate(ids, node, path, run);
}

function segmentsPredicate(
  ids: readonly string[] | null,
  node: WireObject,
  path: string,
  run: ParseRun,
): SegmentsPredicate | null {
  const wireWeight = ownValue(node, 'minWeight');
  const minWeight = wireWeight === undefined ? 0 : readWeight(wireWeight, `${path}.minWeight`, run);
  if (ids === null || minWeight === null) return null;
  for (const id of ids) run.segments.add(id);
  return { kind: 'segments', ids, minWeight };
}

function parseAge(node: WireObject, path: string, run: ParseRun): Predicate | null {
  const range = readRangeObject(ownValue(node, 'age'), `${path}.age`, run, AGE_ENDS);
  return range === null ? null : { kind: 'age', ...range };
}

function oneOfParser(field: OneOfField): ParsePredicate {
  const readField = textOf(FIELD_RULES[field]);
  return (node, path, run) => {
    const values = readList(ownValue(node, field), `${path}.${field}`, run, readField);
    return values === null ? null : { kind: 'oneOf', field, values };
  };
}

function versionParser(field: VersionField): ParsePredicate {
  const ends = { read: textOf(FIELD_RULES[field]), compare: compareVersions };
  return (node, path, run) => {
    const range = readRangeObject(ownValue(node, field), `${path}.${field}`, run, ends);
    return range === null ? null : { kind: 'version', field, ...range };
  };
}

function parseAttribute(node: WireObject, path: string, run: ParseRun): Predicate | null {
  const key = readAttributeKey(ownValue(node, 'attribute'), `${path}.attribute`, run);
  const wireValues = ownValue(node, 'in');
  const wireExists = ownValue(node, 'exists');
  const hasRange = ownValue(node, 'min') !== undefined || ownValue(node, 'max') !== undefined;
  const forms = Number(wireValues !== undefined) + Number(hasRange) + Number(wireExists !== undefined);
  if (forms !== 1) {
    return run.reject(path, 'must have exactly one of "in", "exists" or a range by "min" and "max" beside "attribute"');
  }
  if (hasRange) {
    const range = readRange(node, path, run, NUMBER_ENDS);
    return key === null || range === null ? null : { kind: 'attributeRange', key, ...range };
  }
  if (wireValues !== undefined) {
    const values = readList(wireValues, `${path}.in`, run, readAttributeValue);
    return key === null || values === null ? null : { kind: 'attributeIn', key, values };
  }
  const exists = readBoolean(wireExists, `${path}.exists`, run);
  return key === null || exists === null ? null : { kind: 'attributeExists', key, exists };
}

function parseAudience(node: WireObject, path: string, run: ParseRun): Predicate | null {
  const id = readAudienceId(ownValue(node, 'audience'), `${path}.audience`, run);
  if (id === null) return null;
  run.audiences.add(id);
  return { kind: 'audience', id };
}

const readBoolean: ReadValue<boolean> = (value, path, run) =>
  typeof value === 'boolean' ? value : run.reject(path, `must be true or false, not ${describeKind(value)}`);

const readAttributeValue: ReadValue<AttributeValue> = (value, path, run) => {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value + 0;
  if (typeof value === 'string' && ATTRIBUTE_TEXT_RULE.pattern.test(value)) return value;
  const found = typeof value === 'string' ? '' : `, not ${describeKind(value)}`;
  return run.reject(path, `must be ${ATTRIBUTE_TEXT_RULE.expects}, a number, true or false${found}`);
};
