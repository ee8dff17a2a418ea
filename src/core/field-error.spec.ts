import { describe, expect, it } from '@jest/globals';
import { type FieldError, isWireRecord, refuseUnknownKeys } from './field-error.js';

describe('isWireRecord', () => {
  it('is true for JSON objects only', () => {
    expect([{}, { a: 1 }].every(isWireRecord)).toBe(true);
    expect([null, undefined, [], 'a', 1, true].some(isWireRecord)).toBe(false);
  });
});

describe('refuseUnknownKeys', () => {
  it('names each unknown key, and no more than its beginning', () => {
    const errors: FieldError[] = [];
    refuseUnknownKeys({ name: 1, nmae: 2, ['x'.repeat(500)]: 3 }, ['name'], 'adGroup', errors);
    expect(errors.map(({ path }) => path)).toEqual(['adGroup.nmae', `adGroup.${'x'.repeat(40)}`]);
    expect(errors[0]?.message).toBe('is not a known field; known are name');
  });
});
