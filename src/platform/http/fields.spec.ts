import { describe, expect, it } from '@jest/globals';
import type { FieldError } from '../app-error.js';
import { Text, WebAddress } from './fields.js';
import { readFields } from './read-fields.js';

const described = { description: 'A field', optional: true };

class Described {
  @Text({ ...described, max: 20 })
  line?: string;

  @Text({ ...described, max: 20, multiline: true })
  text?: string;

  @WebAddress(described)
  address?: string;
}

function faultsOf(fields: Readonly<Record<string, unknown>>): readonly FieldError[] {
  const faults: FieldError[] = [];
  Array.from(readFields(Described, fields, faults));
  return faults;
}

describe('Text', () => {
  it.each(['a', '맞춤', '👍🏽', '🇰🇷', 'e\u0301', '한\u200b', ' x ', '-', '…'])('takes %j', (line) => {
    expect(faultsOf({ line, text: line })).toEqual([]);
  });

  it.each([
    '',
    ' ',
    '\u3000',
    '\u200b',
    '\u00a0\u2060',
    '\ufeff',
    '\u3164\u3164',
    '\u115f\u1160',
    '\u2800',
    '\u0301',
    '\u00ad',
  ])('refuses %j, in which nothing is to be seen', (line) => {
    expect(faultsOf({ line })).toHaveLength(1);
    expect(faultsOf({ text: line })).toHaveLength(1);
  });

  it.each(['a\nb', 'a\tb', 'a\u2028b'])('takes %j where there may be several lines, and only there', (text) => {
    expect(faultsOf({ text })).toEqual([]);
    expect(faultsOf({ line: text })).toEqual([
      { path: 'line', message: 'must be one line of plain text: not blank, no control characters' },
    ]);
  });

  it.each(['a\u0007', 'a\u202eb', 'a\u2066b', 'a\u0085'])('refuses %j, which has control characters', (text) => {
    expect(faultsOf({ text })).toHaveLength(1);
  });
});

describe('WebAddress', () => {
  it.each(['https://example.com', 'HTTPS://Example.com/x?y#z', 'http://localhost:3000/', 'https://한국.kr/맞춤'])(
    'takes %s',
    (address) => {
      expect(faultsOf({ address })).toEqual([]);
    },
  );

  it.each([
    'example.com',
    'ftp://example.com',
    'javascript:alert(1)',
    'https://user:word@example.com',
    'https://',
    'https:// example.com',
    'https://example.com/\u202e',
    `https://example.com/${'x'.repeat(2_048)}`,
    7,
    null,
  ])('refuses %j', (address) => {
    expect(faultsOf({ address })).toHaveLength(1);
  });
});
