/**
 * Which texts may stand in targeting expressions, interest profiles and request contexts. All three are checked against
 * this one file, so that a value which one accepts can always be met by the others.
 *
 * Every pattern is anchored, runs in linear time and bounds its own length. Every pattern also compiles with the `u`
 * flag, so `.source` can be put into a JSON schema. Lengths of free text count Unicode characters.
 */
import type { OneOfField, VersionField } from './expression.js';

/** The values of AdCOM's `User.gender`, spelt out. */
export const GENDERS = ['female', 'male', 'other'] as const;
export type Gender = (typeof GENDERS)[number];

/** AdCOM's device types, with the rarer ones gathered under `other`. */
export const DEVICE_TYPES = ['phone', 'tablet', 'desktop', 'tv', 'other'] as const;
export type DeviceType = (typeof DEVICE_TYPES)[number];

/** Completed years; the oldest age that is verified for any person is 122, so 150 refuses typing errors only. */
export const MAX_AGE = 150;

export const GENDER_PATTERN = /^(?:female|male|other)$/;
export const DEVICE_TYPE_PATTERN = /^(?:phone|tablet|desktop|tv|other)$/;
/** The form of ISO 3166-1 alpha-2. */
export const COUNTRY_PATTERN = /^[A-Z]{2}$/;
/** The form of ISO 3166-2. */
export const REGION_PATTERN = /^[A-Z]{2}-[A-Z0-9]{1,3}$/;
/** The form of BCP 47 with a lower-case primary language. */
export const LANGUAGE_PATTERN = /^(?=.{2,128}$)[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*$/;
export const OS_PATTERN = /^[a-z0-9_.-]{1,32}$/;
/** Carriers have no common code list, so any text serves that is free of control characters and lone surrogates. */
export const CARRIER_PATTERN = /^[^\p{Cc}\p{Cs}]{1,64}$/u;
/** One to six parts of up to nine digits each; a part therefore fits into 32 bits. */
export const VERSION_PATTERN = /^\d{1,9}(?:\.\d{1,9}){0,5}$/;
export const SEGMENT_ID_PATTERN = /^[a-z0-9][a-z0-9._-]{0,63}$/;
export const AUDIENCE_ID_PATTERN = /^aud_[A-Za-z0-9_-]{1,124}$/;
/** `__proto__` is left out because assigning it to a plain object sets the prototype in place of a key. */
export const ATTRIBUTE_KEY_PATTERN = /^(?!__proto__$)[^\p{Cc}\p{Cs}]{1,128}$/u;
export const ATTRIBUTE_TEXT_PATTERN = /^[^\p{Cc}\p{Cs}]{0,128}$/u;

/** A pattern with the words that tell a caller what it takes; `expects` continues a sentence after "must be". */
export interface TextRule {
  readonly pattern: RegExp;
  readonly expects: string;
}

const VERSION_RULE: TextRule = {
  pattern: VERSION_PATTERN,
  expects: 'a version of 1 to 6 numeric parts of at most 9 digits each, such as "4.0"',
};

/** The rule for each field that predicates of kind `oneOf` and `version` compare. */
export const FIELD_RULES: Readonly<Record<OneOfField | VersionField, TextRule>> = {
  gender: { pattern: GENDER_PATTERN, expects: `one of ${GENDERS.join(', ')}` },
  country: { pattern: COUNTRY_PATTERN, expects: 'an ISO 3166-1 code of two capital letters, such as "KR"' },
  region: { pattern: REGION_PATTERN, expects: 'an ISO 3166-2 code in capital letters, such as "KR-11"' },
  language: {
    pattern: LANGUAGE_PATTERN,
    expects: 'a BCP 47 tag that starts with a lower-case language, such as "ko" or "zh-Hant"',
  },
  os: { pattern: OS_PATTERN, expects: '1 to 32 lower-case letters, digits, ".", "_" or "-", such as "android"' },
  carrier: { pattern: CARRIER_PATTERN, expects: '1 to 64 characters without control characters' },
  deviceType: { pattern: DEVICE_TYPE_PATTERN, expects: `one of ${DEVICE_TYPES.join(', ')}` },
  osVersion: VERSION_RULE,
  appVersion: VERSION_RULE,
};

export const SEGMENT_ID_RULE: TextRule = {
  pattern: SEGMENT_ID_PATTERN,
  expects:
    'a segment id: 1 to 64 lower-case letters, digits, ".", "_" or "-", starting with a letter or digit, such as "auto.ev"',
};

export const AUDIENCE_ID_RULE: TextRule = {
  pattern: AUDIENCE_ID_PATTERN,
  expects: 'an audience id, which starts with "aud_"',
};

export const ATTRIBUTE_KEY_RULE: TextRule = {
  pattern: ATTRIBUTE_KEY_PATTERN,
  expects: 'the name of an attribute: 1 to 128 characters without control characters',
};

export const ATTRIBUTE_TEXT_RULE: TextRule = {
  pattern: ATTRIBUTE_TEXT_PATTERN,
  expects: 'a text of at most 128 characters without control characters',
};
