import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import {
  IsBoolean,
  IsIn,
  IsInt,
  IsNumber,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  Min,
  ValidateBy,
  ValidateIf,
} from 'class-validator';
import { MAX_AMOUNT_MICROS } from '../../core/money/micros.js';
import { type FieldsClass, INNER, type Inner, isObject } from './read-fields.js';

/**
 * The fields of request and answer classes: each decorator validates, and describes the field for the API's documentation.
 * `optional` lets a field be absent, `nullable` lets it be `null` (in an update: take the value away).
 */
interface FieldOptions {
  readonly description: string;
  readonly example?: unknown;
  readonly optional?: boolean;
  readonly nullable?: boolean;
}

function field(options: FieldOptions, api: ApiPropertyOptions, ...rules: PropertyDecorator[]): PropertyDecorator {
  const { description, example, optional = false, nullable = false } = options;
  const described = {
    description,
    required: !optional,
    nullable,
    ...(example === undefined ? {} : { example }),
    ...api,
  };
  return applyDecorators(
    ApiProperty(described as ApiPropertyOptions),
    ...(nullable ? [ValidateIf((_object, value) => value !== null)] : []),
    ...(optional ? [absentAllowed(nullable)] : []),
    ...rules,
  );
}

/** class-validator's IsOptional lets null pass too; a field that is not nullable must refuse it. */
function absentAllowed(nullable: boolean): PropertyDecorator {
  return nullable ? IsOptional() : ValidateIf((_object, value) => value !== undefined);
}

// C0 and C1 controls but tab and line feed (these: `NOT_ONE_LINE`), and the bidirectional overrides that make a text read as
// another one.
const UNSAFE_TEXT = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

/** Line ends of Unicode, too. */
const NOT_ONE_LINE = /[\t\n\u2028\u2029]/;

/** Not a space, a mark on a letter, a direction or join of letters, nor one of the fillers, which are letters to Unicode. */
const VISIBLE_CHARACTER = /[^\p{Z}\p{M}\p{Cc}\p{Cf}\u115f\u1160\u2800\u3164\uffa0]/u;

/** A surrogate pair with its variation selector. */
const CODE_UNITS_A_CHARACTER = 3;

interface TextOptions extends FieldOptions {
  readonly min?: number;
  readonly max: number;
  readonly pattern?: RegExp;
  /** What `pattern` asks for, in words: "must be …". */
  readonly form?: string;
  /** May have line ends and tabs. */
  readonly multiline?: boolean;
}

export function Text(options: TextOptions): PropertyDecorator {
  const { min = 1, max, pattern, form, multiline = false } = options;
  const isPlain = (text: string): boolean =>
    !UNSAFE_TEXT.test(text) && (multiline || !NOT_ONE_LINE.test(text)) && VISIBLE_CHARACTER.test(text);
  return field(
    options,
    {
      type: String,
      minLength: min,
      maxLength: max,
      ...(pattern ? { pattern: pattern.source } : {}),
    },
    IsString({ message: 'must be a string' }),
    Length(min, max, { message: `must have ${min} to ${max} characters` }),
    ValidateBy({
      name: 'plainText',
      validator: {
        validate: (value) => typeof value !== 'string' || (isPlain(value) && value.trim().length >= min),
        defaultMessage: () => `must be ${multiline ? '' : 'one line of '}plain text: not blank, no control characters`,
      },
    }),
    // Length counts neither the second half of a pair nor variation selectors, of which a text could hold any number.
    ValidateBy({
      name: 'codeUnits',
      validator: {
        validate: (value) => typeof value !== 'string' || value.length <= CODE_UNITS_A_CHARACTER * max,
        defaultMessage: () => `must have ${min} to ${max} characters`,
      },
    }),
    ...(pattern ? [Matches(pattern, { message: `must be ${form ?? `of the form ${pattern.source}`}` })] : []),
  );
}

/** Whole micros of a currency: ₩1 is 1,000,000. */
export function Micros(options: FieldOptions & { readonly min?: number }): PropertyDecorator {
  return Whole({ ...options, min: options.min ?? 1, max: MAX_AMOUNT_MICROS });
}

export function Whole(options: FieldOptions & { readonly min: number; readonly max: number }): PropertyDecorator {
  const { min, max } = options;
  const message = `must be a whole number from ${min} to ${max}`;
  return field(
    options,
    { type: 'integer', minimum: min, maximum: max },
    IsInt({ message }),
    Min(min, { message }),
    Max(max, { message }),
  );
}

/** A share or a probability: any number from 0 to 1. */
export function Share(options: FieldOptions): PropertyDecorator {
  const message = 'must be a number from 0 to 1';
  return field(
    options,
    { type: 'number', minimum: 0, maximum: 1 },
    IsNumber({}, { message }),
    Min(0, { message }),
    Max(1, { message }),
  );
}

export function Flag(options: FieldOptions): PropertyDecorator {
  return field(options, { type: Boolean }, IsBoolean({ message: 'must be true or false' }));
}

export function OneOf(values: readonly string[], options: FieldOptions): PropertyDecorator {
  return field(options, { enum: [...values] }, IsIn([...values], { message: `must be one of ${values.join(', ')}` }));
}

const INSTANT_FORM = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/;
const EARLIEST_INSTANT = Date.UTC(1970, 0, 1);
const LATEST_INSTANT = Date.UTC(2200, 0, 1);

/** Epoch milliseconds of an ISO 8601 time with a zone, from 1970 to 2199; null for anything else, 30 February included. */
export function parseInstant(value: unknown): number | null {
  if (typeof value !== 'string' || !INSTANT_FORM.test(value)) return null;
  const time = Date.parse(value);
  // Date.parse rolls 30 February over into March; the day of the month tells.
  const day = new Date(`${value.slice(0, 10)}T00:00:00Z`);
  if (Number.isNaN(time) || Number.isNaN(day.getTime()) || day.getUTCDate() !== Number(value.slice(8, 10))) return null;
  return time >= EARLIEST_INSTANT && time < LATEST_INSTANT ? time : null;
}

export const INSTANT_MESSAGE = 'must be an ISO 8601 time with a zone, from 1970 to 2199, such as 2026-11-22T09:00:00Z';

export function Instant(options: FieldOptions): PropertyDecorator {
  return field(
    options,
    { type: String, format: 'date-time' },
    ValidateBy({
      name: 'instant',
      validator: { validate: (value) => parseInstant(value) !== null, defaultMessage: () => INSTANT_MESSAGE },
    }),
  );
}

/** A web address that a person opens: https (or http on a loopback host, for trying out), no user info. */
export function WebAddress(options: FieldOptions): PropertyDecorator {
  return field(
    options,
    { type: String, format: 'uri', maxLength: 2048 },
    ValidateBy({
      name: 'webAddress',
      validator: {
        validate: isWebAddress,
        defaultMessage: () =>
          'must be an http:// or https:// address of at most 2048 characters, without user name and password',
      },
    }),
  );
}

function isWebAddress(value: unknown): boolean {
  if (typeof value !== 'string' || value.length > 2048 || !/^https?:\/\/\S+$/i.test(value) || UNSAFE_TEXT.test(value))
    return false;
  if (!URL.canParse(value)) return false;
  const url = new URL(value);
  return url.username === '' && url.password === '';
}

export function Nested(type: () => FieldsClass, options: FieldOptions): PropertyDecorator {
  return field(
    options,
    // The name of the function tells the documentation that it is one, and not a class.
    { type: () => type() },
    innerRule({ kind: 'object', classOf: type }, isObject, 'must be an object'),
  );
}

export function NestedList(
  type: () => FieldsClass,
  options: FieldOptions & { readonly max: number },
): PropertyDecorator {
  return field(
    options,
    { type: () => [type()], maxItems: options.max },
    innerRule({ kind: 'list', classOf: type, most: options.max }, Array.isArray, 'must be a list'),
  );
}

/** What is inside is read afterwards (see read-fields.ts): of the value, only the kind is seen here. */
function innerRule(inner: Inner, isOfKind: (value: unknown) => boolean, message: string): PropertyDecorator {
  return ValidateBy({
    name: INNER,
    constraints: [inner],
    validator: { validate: isOfKind, defaultMessage: () => message },
  });
}

interface TextListOptions extends FieldOptions {
  readonly max: number;
  readonly pattern: RegExp;
  readonly form: string;
  /** No text may come twice. */
  readonly distinct?: boolean;
}

/** A list of strings that each match `pattern`. */
export function TextList(options: TextListOptions): PropertyDecorator {
  const { max, pattern, form, distinct = false } = options;
  return field(
    options,
    { type: [String], maxItems: max, ...(distinct ? { uniqueItems: true } : {}) },
    innerRule({ kind: 'texts', pattern, form, most: max, distinct }, Array.isArray, 'must be a list'),
  );
}

/** JSON that another parser checks, with errors of its own; it is passed on as it came. */
export function RawJson(options: FieldOptions, api: ApiPropertyOptions = { type: Object }): PropertyDecorator {
  const isGiven = (value: unknown): boolean => value !== null;
  return field({ optional: true, ...options }, api, innerRule({ kind: 'raw' }, isGiven, 'must not be null'));
}
