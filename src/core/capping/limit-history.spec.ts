import { describe, expect, it } from '@jest/globals';
import { always, inForceAt } from './limit-history.js';

describe('inForceAt', () => {
  it('finds the stretch of a time, and nothing between stretches', () => {
    const history = [
      { value: 'a', since: -Infinity, until: 10 },
      { value: 'b', since: 10, until: 20 },
      { value: 'c', since: 30, until: 40 },
    ];
    const found = [-1, 9, 10, 19, 20, 29, 30, 39, 40].map((time) => inForceAt(history, time));
    expect(found).toEqual(['a', 'a', 'b', 'b', null, null, 'c', 'c', null]);
    expect(inForceAt([], 0)).toBeNull();
    expect(inForceAt(always('d'), 0)).toBe('d');
  });
});
