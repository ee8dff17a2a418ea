/**
 * Reads the wire grammar of targeting expressions directly, as slowly and plainly as the API documentation says it. It
 * shares no code with the parser or the evaluator, so that both can be tested against it. Input must be valid.
 */
import type { Subject } from '../../src/core/targeting/subject.js';

interface WireRange {
  readonly min?: number | string;
  readonly max?: number | string;
}

export interface WireNode extends WireRange {
  readonly all?: readonly WireNode[];
  readonly any?: readonly WireNode[];
  readonly not?: WireNode;
  readonly segment?: string;
  readonly segments?: readonly string[];
  readonly minWeight?: number;
  readonly attribute?: string;
  readonly in?: readonly unknown[];
  readonly exists?: boolean;
  readonly audience?: string;
  readonly age?: WireRange;
  readonly osVersion?: WireRange;
  readonly appVersion?: WireRange;
}

const LIST_FIELDS = ['gender', 'country', 'region', 'language', 'os', 'carrier', 'deviceType'] as const;

export function wireMatches(node: WireNode, subject: Subject): boolean {
  if (Object.keys(node).length === 0) return true;
  if (node.all) return node.all.every((child) => wireMatches(child, subject));
  if (node.any) return node.any.some((child) => wireMatches(child, subject));
  if (node.not) return !wireMatches(node.not, subject);
  if (node.attribute !== undefined) return attributeMatches(node, subject.attributes.get(node.attribute));
  if (node.audience !== undefined) return [...subject.audiences].includes(node.audience);
  if (node.segment !== undefined || node.segments) {
    const wanted = [node.segment, ...(node.segments ?? [])];
    return [...subject.interests].some(([id, weight]) => {
      if (!wanted.includes(id)) return false;
      return node.minWeight ? weight >= node.minWeight : weight > 0;
    });
  }
  if (node.age)
    return (
      subject.age !== null && !(subject.age < Number(node.age.min ?? 0) || subject.age > Number(node.age.max ?? 999))
    );
  if (node.osVersion) return versionMatches(node.osVersion, subject.osVersion);
  if (node.appVersion) return versionMatches(node.appVersion, subject.appVersion);
  for (const field of LIST_FIELDS) {
    const values = (node as Readonly<Record<string, unknown>>)[field];
    if (Array.isArray(values)) return values.some((value) => value === subject[field]);
  }
  throw new Error(`no predicate in ${JSON.stringify(node)}`);
}

function attributeMatches(node: WireNode, value: unknown): boolean {
  if (node.exists !== undefined) return node.exists ? value !== undefined : value === undefined;
  if (node.in) return node.in.some((wanted) => wanted === value);
  if (typeof value !== 'number') return false;
  return [Number(node.min ?? value), value, Number(node.max ?? value)].every(
    (n, i, all) => i === 0 || all[i - 1]! <= n,
  );
}

function versionMatches({ min, max }: WireRange, version: string | null): boolean {
  if (version === null) return false;
  const rank = versionRank(version);
  return (
    (min === undefined || versionRank(String(min)) <= rank) && (max === undefined || rank <= versionRank(String(max)))
  );
}

/** One whole number whose order is the order of versions of at most six parts below a milliard each. */
function versionRank(version: string): bigint {
  const parts = version.split('.').map(BigInt);
  let rank = 0n;
  for (let i = 0; i < 6; i++) rank = rank * 1_000_000_000n + (parts[i] ?? 0n);
  return rank;
}
