import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, type ValidationError, validateSync } from 'class-validator';
import type { FieldError } from '../app-error.js';

/**
 * Reads JSON as its class. class-transformer and class-validator walk all that they are given, known to the class or not: a
 * megabyte of empty lists for seconds. So they get one object at a time, and nothing of what is inside its values; what
 * is in these, the rule `INNER` of the field tells (see fields.ts).
 */
export const INNER = 'inner';

export type Inner =
  /** Another reader checks it; it is passed on as it came. */
  | { readonly kind: 'raw' }
  | { readonly kind: 'object'; readonly classOf: () => FieldsClass }
  | { readonly kind: 'list'; readonly classOf: () => FieldsClass; readonly most: number };

export type FieldsClass = new () => object;
type Fields = Readonly<Record<string, unknown>>;

export const MAX_FAULTS = 50;

/** As long as the longest list of any class; what is beyond is one entry too many. */
const LONGEST_LIST = 10_000;

const RULES = {
  whitelist: true,
  forbidNonWhitelisted: true,
  forbidUnknownValues: true,
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
  const flat = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, flattened(value)]));
  const instance: object = plainToInstance(type, flat);
  faults.push(...validateSync(instance, RULES).flatMap((error) => faultsOf(error, path)));
  yield;
  for (const [name, inner] of innerFields(type)) {
    if (!Object.hasOwn(fields, name)) continue;
    const value = yield* readInner(inner, fields[name], faults, joinPath(path, name));
    Object.assign(instance, { [name]: value });
  }
  return instance;
}

/** What is no object or list of objects is a fault already. */
function* readInner(inner: Inner, value: unknown, faults: FieldError[], path: string): Generator<void, unknown> {
  if (inner.kind === 'object' && isPlainObject(value)) return yield* readFields(inner.classOf(), value, faults, path);
  if (inner.kind !== 'list' || !Array.isArray(value) || value.length > inner.most) return value;
  const read: unknown[] = [];
  for (const [i, item] of value.entries()) {
    if (faults.length >= MAX_FAULTS || !isPlainObject(item)) break;
    read.push(yield* readFields(inner.classOf(), item, faults, `${path}[${i}]`));
  }
  return read;
}

/** True for what JSON calls an object, and for a parsed query; false for the stream that another content type's body is. */
export function isPlainObject(value: unknown): value is Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

const innerByClass = new Map<FieldsClass, ReadonlyMap<string, Inner>>();

/** By the field's name; the classes are those of the code, and few. */
function innerFields(type: FieldsClass): ReadonlyMap<string, Inner> {
  const known = innerByClass.get(type);
  if (known !== undefined) return known;
  const rules = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
  const inner = rules.filter(({ name }) => name === INNER);
  const found = new Map(inner.map(({ propertyName, constraints }) => [propertyName, constraints[0] as Inner]));
  innerByClass.set(type, found);
  return found;
}

/** Enough to judge a field by: objects, and lists in a list, without what they hold. */
function flattened(value: unknown): unknown {
  return Array.isArray(value) ? value.slice(0, LONGEST_LIST + 1).map(emptied) : emptied(value);
}

function emptied(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Array.isArray(value) ? [] : {};
}

function faultsOf({ property, constraints = {}, value }: ValidationError, parent: string): FieldError[] {
  const path = joinPath(parent, property);
  return Object.entries(constraints).map(([rule, message]) => ({ path, message: messageOf(rule, message, value) }));
}

/** Whatever a field asks for, what it lacks first is to be there. */
function messageOf(rule: string, message: string, value: unknown): string {
  if (rule === 'whitelistValidation') return 'is not a known field';
  return value === undefined ? 'is required' : message;
}

function joinPath(parent: string, property: string): string {
  return parent === '' ? property : `${parent}.${property}`;
}
