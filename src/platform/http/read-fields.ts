import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, type ValidationError, validateSync } from 'class-validator';
import type { FieldError } from '../app-error.js';
import { joinPath } from './field-path.js';

/**
 * Reads JSON as its class. class-transformer and class-validator walk all that they are given, known to the class or not: a
 * megabyte of empty lists for seconds. So they get the known fields of one object at a time, and nothing of what is inside
 * their values; what is in these, the rule `INNER` of the field tells (see fields.ts).
 */
export const INNER = 'inner';

export type Inner =
  /** Another reader checks it; it is passed on as it came. */
  | { readonly kind: 'raw' }
  | { readonly kind: 'object'; readonly classOf: () => FieldsClass }
  | { readonly kind: 'list'; readonly classOf: () => FieldsClass; readonly most: number }
  | {
      readonly kind: 'texts';
      readonly pattern: RegExp;
      readonly form: string;
      readonly most: number;
      readonly distinct: boolean;
    };

export type FieldsClass = new () => object;
type Fields = Readonly<Record<string, unknown>>;

export const MAX_FAULTS = 50;

const RULES = {
  // One fault a field says enough.
  stopAtFirstError: true,
  // The value tells what is absent; no answer holds it.
  validationError: { target: false, value: true },
} as const;

/** Yields after each object. What it returns counts only where `faults` stays empty; once it has `MAX_FAULTS`, the rest is not read. */
export function* readFields(
  type: FieldsClass,
  fields: Fields,
  faults: FieldError[],
  path = '',
): Generator<void, object> {
  const known = knownFields(type);
  const flat: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (known.has(name)) flat[name] = emptied(value);
    else if (faults.length < MAX_FAULTS) faults.push({ path: joinPath(path, name), message: 'is not a known field' });
  }
  const instance: object = plainToInstance(type, flat);
  faults.push(...validateSync(instance, RULES).flatMap((error) => faultsOf(error, path)));
  yield;
  for (const [name, inner] of known) {
    if (inner === null || !Object.hasOwn(flat, name)) continue;
    const value = yield* readInner(inner, fields[name], faults, joinPath(path, name));
    Object.assign(instance, { [name]: value });
  }
  return instance;
}

/** What is not of the kind is a fault already. */
function* readInner(inner: Inner, value: unknown, faults: FieldError[], path: string): Generator<void, unknown> {
  if (inner.kind === 'raw') return value;
  if (inner.kind === 'object') return isObject(value) ? yield* readFields(inner.classOf(), value, faults, path) : value;
  if (!isList(value)) return value;
  if (value.length > inner.most) {
    faults.push({ path, message: `must have at most ${inner.most} entries` });
    return value;
  }
  const read: unknown[] = [];
  for (const [i, item] of value.entries()) {
    if (faults.length >= MAX_FAULTS) break;
    read.push(yield* readItem(inner, item, faults, joinPath(path, i)));
  }
  if (inner.kind === 'texts' && inner.distinct && new Set(value).size < value.length) {
    faults.push({ path, message: 'must be different from each other' });
  }
  return read;
}

type ListInner = Extract<Inner, { readonly most: number }>;

function* readItem(inner: ListInner, item: unknown, faults: FieldError[], path: string): Generator<void, unknown> {
  if (inner.kind === 'list') {
    if (isObject(item)) return yield* readFields(inner.classOf(), item, faults, path);
    faults.push({ path, message: 'must be an object' });
  } else if (typeof item !== 'string' || !inner.pattern.test(item)) {
    faults.push({ path, message: `must be ${inner.form}` });
  }
  return item;
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

/** What JSON calls an object. */
export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const knownByClass = new Map<FieldsClass, ReadonlyMap<string, Inner | null>>();

/** What each field has inside, by its name; null where it is all in its own rules. The classes are those of the code, and few. */
function knownFields(type: FieldsClass): ReadonlyMap<string, Inner | null> {
  const before = knownByClass.get(type);
  if (before !== undefined) return before;
  const known = new Map<string, Inner | null>();
  for (const { name, propertyName, constraints } of getMetadataStorage().getTargetValidationMetadatas(
    type,
    '',
    false,
    false,
  )) {
    if (name === INNER) known.set(propertyName, constraints[0] as Inner);
    else if (!known.has(propertyName)) known.set(propertyName, null);
  }
  knownByClass.set(type, known);
  return known;
}

/** Enough to tell what kind of value it is. */
function emptied(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Array.isArray(value) ? [] : {};
}

function faultsOf({ property, constraints = {}, value }: ValidationError, parent: string): FieldError[] {
  const path = joinPath(parent, property);
  // Whatever a field asks for, what it lacks first is to be there.
  return Object.values(constraints).map((message) => ({
    path,
    message: value === undefined ? 'is required' : message,
  }));
}
