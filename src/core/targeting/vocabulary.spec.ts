import { describe, expect, it } from '@jest/globals';
import {
  ATTRIBUTE_KEY_PATTERN,
  ATTRIBUTE_TEXT_PATTERN,
  AUDIENCE_ID_PATTERN,
  CARRIER_PATTERN,
  COUNTRY_PATTERN,
  DEVICE_TYPES,
  DEVICE_TYPE_PATTERN,
  FIELD_RULES,
  GENDERS,
  GENDER_PATTERN,
  LANGUAGE_PATTERN,
  OS_PATTERN,
  REGION_PATTERN,
  SEGMENT_ID_PATTERN,
  VERSION_PATTERN,
} from './vocabulary.js';

const HANGUL_128 = '맞'.repeat(128);
const FACES_128 = '😀'.repeat(128);

const CASES: readonly { pattern: RegExp; takes: readonly string[]; refuses: readonly string[] }[] = [
  { pattern: GENDER_PATTERN, takes: GENDERS, refuses: ['Female', 'f', 'females', 'unknown'] },
  { pattern: DEVICE_TYPE_PATTERN, takes: DEVICE_TYPES, refuses: ['Phone', 'watch', 'xtv'] },
  { pattern: COUNTRY_PATTERN, takes: ['KR', 'US'], refuses: ['kr', 'KOR', 'K', 'K1', ' KR'] },
  {
    pattern: REGION_PATTERN,
    takes: ['KR-11', 'US-CA', 'FR-1', 'GB-ENG'],
    refuses: ['KR', 'KR-', 'KR-1111', 'kr-11', '11'],
  },
  {
    pattern: LANGUAGE_PATTERN,
    takes: ['ko', 'en-US', 'zh-Hant-TW', 'fil', `de${'-latn1996'.repeat(14)}`],
    refuses: ['KO', 'k', 'korean', 'ko_KR', 'ko-', 'ko-K', 'ko--KR', `de${'-latn1996'.repeat(15)}`],
  },
  { pattern: OS_PATTERN, takes: ['android', 'ios', 'a'.repeat(32)], refuses: ['iOS', 'mac os', 'a'.repeat(33)] },
  {
    pattern: CARRIER_PATTERN,
    takes: ['SKT', 'LG U+', '케이티', '😀'.repeat(64)],
    refuses: ['a'.repeat(65), 'SK\nT', 'SK\u0085T', 'SKT\ud800'],
  },
  {
    pattern: VERSION_PATTERN,
    takes: ['4', '4.0.3', '1.2.3.4.5.6', '999999999'],
    refuses: ['4.', '.4', '4.0b', '1.2.3.4.5.6.7', '1234567890', '-4'],
  },
  {
    pattern: SEGMENT_ID_PATTERN,
    takes: ['auto.ev', 'k-pop', '1_x', 'a'.repeat(64)],
    refuses: ['Auto', '.auto', '-a', '_a', 'auto ev', '자동차', 'a'.repeat(65)],
  },
  {
    pattern: AUDIENCE_ID_PATTERN,
    takes: ['aud_01J9-x_Z'],
    refuses: ['aud_', 'AUD_1', 'audience', 'aud_a b', 'xaud_1'],
  },
  {
    pattern: ATTRIBUTE_KEY_PATTERN,
    takes: ['occupation', '직업', 'constructor', '__proto', 'a__proto__', HANGUL_128, FACES_128],
    refuses: ['__proto__', 'a\0', `${HANGUL_128}a`, '\udc00'],
  },
  {
    pattern: ATTRIBUTE_TEXT_PATTERN,
    takes: ['', ' ', HANGUL_128, FACES_128],
    refuses: [`${FACES_128}a`, '\x7f', '\ud800'],
  },
];

describe.each(CASES)('the pattern $pattern', ({ pattern, takes, refuses }) => {
  it.each(takes)('takes %j', (text) => {
    expect(pattern.test(text)).toBe(true);
  });

  it.each([...refuses, ...takes.slice(0, 2).flatMap((text) => [`${text}\n`, `\0${text}`])])('refuses %j', (text) => {
    expect(pattern.test(text)).toBe(false);
  });

  it('refuses an empty text unless it is an attribute', () => {
    expect(pattern.test('')).toBe(pattern === ATTRIBUTE_TEXT_PATTERN);
  });

  it('means the same when a JSON schema compiles it, with the flag u', () => {
    const compiled = new RegExp(pattern.source, 'u');
    for (const text of [...takes, ...refuses]) expect(compiled.test(text)).toBe(pattern.test(text));
  });

  it('refuses a text of a million characters at once', () => {
    expect(pattern.test('a'.repeat(1_000_000))).toBe(false);
  });
});

it('has no two patterns for versions', () => {
  expect(FIELD_RULES.osVersion.pattern).toBe(FIELD_RULES.appVersion.pattern);
});
