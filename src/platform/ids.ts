import { randomFillSync } from 'node:crypto';
import { monotonicFactory } from 'ulid';

/**
 * Opaque ids: a prefix that tells the kind, and a ULID (time-ordered, so that indexes stay dense and a list by id is a
 * list by creation). Their time part is never read.
 */
export const ID_PREFIXES = {
  advertiser: 'adv',
  campaign: 'cmp',
  adGroup: 'adg',
  creative: 'crv',
  audience: 'aud',
  apiKey: 'key',
  batch: 'bat',
  transfer: 'trf',
} as const;

export type IdKind = keyof typeof ID_PREFIXES;

/** Random words are drawn 4 KB at a time: a call of the generator for each letter was 3 % of a match's time. */
const pool = new Uint32Array(1_024);
let left = 0;

function random(): number {
  if (left === 0) {
    randomFillSync(pool);
    left = pool.length;
  }
  return pool[--left]! / 2 ** 32;
}

const nextUlid = monotonicFactory(random);

export function newId(kind: IdKind): string {
  return `${ID_PREFIXES[kind]}_${newUlid()}`;
}

/** For what has no kind of its own: time-ordered, and cheap, as only the first of a millisecond asks for randomness. */
export function newUlid(): string {
  return nextUlid();
}

const ULID_FORM = '[0-7][0-9A-HJKMNP-TV-Z]{25}';

export function idPattern(kind: IdKind): RegExp {
  return new RegExp(`^${ID_PREFIXES[kind]}_${ULID_FORM}$`);
}
