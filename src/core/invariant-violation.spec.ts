import { describe, expect, it } from '@jest/globals';
import { invariant, InvariantViolation } from './invariant-violation.js';

describe('invariant', () => {
  it('passes what holds and throws for what does not', () => {
    expect(() => invariant(1 + 1 === 2, 'sums add up')).not.toThrow();
    expect(() => invariant(null, 'a hold has an ad group')).toThrow(InvariantViolation);
  });

  it('throws an error that says what was promised', () => {
    expect(() => invariant(0, 'a budget is never negative')).toThrow('a budget is never negative');
    expect(new InvariantViolation('x')).toMatchObject({ name: 'InvariantViolation', message: 'x' });
    expect(new InvariantViolation('x')).toBeInstanceOf(Error);
  });
});
