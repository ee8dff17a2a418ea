import type { FieldError } from '../app-error.js';

/** A field's name, or an index in a list. */
export type PathKey = string | number;

/** Longer than any field's name; a name may be as long as a body. */
const LONGEST_SHOWN_NAME = 64;

/** Like `budget.dailyMicros` or `adGroups[2].name`. */
export function joinPath(parent: string, key: PathKey): string {
  if (typeof key === 'number') return `${parent}[${key}]`;
  const name = key.slice(0, LONGEST_SHOWN_NAME);
  return parent === '' ? name : `${parent}.${name}`;
}

/** Where a fault is, from the inside out: so its path is written only where there is one. */
export interface FoundFault {
  readonly keys: PathKey[];
  readonly message: string;
}

/** The same fault, seen from one level further out. */
export function within(key: PathKey, fault: FoundFault): FoundFault {
  fault.keys.push(key);
  return fault;
}

export function asFieldError({ keys, message }: FoundFault): FieldError {
  return { path: keys.reduceRight<string>(joinPath, ''), message };
}
