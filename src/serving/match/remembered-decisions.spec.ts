import { describe, expect, it } from '@jest/globals';
import { RememberedDecisions } from './remembered-decisions.js';

describe('decisions that are remembered', () => {
  it('are there until they are taken out', () => {
    const decisions = new RememberedDecisions();
    decisions.add('a', { now: 0, expiresAt: 10 });
    decisions.add('b', { now: 1, expiresAt: 10 });
    decisions.delete('a');
    expect([decisions.has('a'), decisions.has('b')]).toEqual([false, true]);
  });

  it('are forgotten once they have expired, or as the oldest of too many', () => {
    const decisions = new RememberedDecisions(2);
    decisions.add('a', { now: 0, expiresAt: 10 });
    decisions.add('b', { now: 0, expiresAt: 20 });
    decisions.add('c', { now: 10, expiresAt: 30 });
    expect(['a', 'b', 'c'].filter((id) => decisions.has(id))).toEqual(['b', 'c']);
    decisions.add('d', { now: 11, expiresAt: 31 });
    expect(['b', 'c', 'd'].filter((id) => decisions.has(id))).toEqual(['c', 'd']);
    expect(decisions.size).toBe(2);
  });
});
