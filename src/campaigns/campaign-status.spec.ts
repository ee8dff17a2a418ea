import { describe, expect, it } from '@jest/globals';
import { CAMPAIGN_STATUSES, STORED_STATUSES, statusAt, type Transition, transitionFrom } from './campaign-status.js';

const NOW = 1_000;

describe('the status of a campaign', () => {
  it.each(STORED_STATUSES)('stays %s before its end, and without one', (stored) => {
    expect(statusAt(stored, NOW + 1, NOW)).toBe(stored);
    expect(statusAt(stored, null, NOW)).toBe(stored);
  });

  it.each([
    ['draft', 'draft'],
    ['active', 'ended'],
    ['paused', 'ended'],
    ['archived', 'archived'],
  ] as const)('turns from %s to %s at the very instant of its end', (stored, status) => {
    expect(statusAt(stored, NOW, NOW)).toBe(status);
    expect(statusAt(stored, NOW - 1, NOW)).toBe(status);
  });

  it('has a word for every stored status', () => {
    for (const stored of STORED_STATUSES) expect(CAMPAIGN_STATUSES).toContain(stored);
  });
});

describe('a transition', () => {
  const ALLOWED = new Map<string, string>([
    ['activate draft', 'active'],
    ['activate paused', 'active'],
    ['pause active', 'paused'],
    ['archive draft', 'archived'],
    ['archive active', 'archived'],
    ['archive paused', 'archived'],
  ]);
  const transitions: readonly Transition[] = ['activate', 'pause', 'archive'];
  const cases = transitions.flatMap((transition) => STORED_STATUSES.map((stored) => [transition, stored] as const));

  it.each(cases)('%s from %s is done or refused with the reason', (transition, stored) => {
    const to = ALLOWED.get(`${transition} ${stored}`);
    const result = transitionFrom(transition, stored, NOW + 1, NOW);
    expect(result).toEqual(to === undefined ? { refused: expect.stringContaining(stored) } : { to });
  });

  it.each(cases)('%s from %s after the end leads nowhere but to the archive', (transition, stored) => {
    const result = transitionFrom(transition, stored, NOW, NOW);
    expect('to' in result).toBe(transition === 'archive' && stored !== 'archived');
  });

  it('tells that the end is past, when that is what keeps a campaign from being activated', () => {
    for (const stored of ['draft', 'active', 'paused'] as const) {
      expect(transitionFrom('activate', stored, NOW, NOW)).toEqual({
        refused: expect.stringContaining('endsAt'),
      });
    }
  });
});
