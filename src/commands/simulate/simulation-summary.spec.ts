import { describe, expect, it } from '@jest/globals';
import { isSound, printSummary, type SimulationSummary } from './simulation-summary.js';

const SOUND: SimulationSummary = {
  days: 1,
  members: 100_000,
  matches: 60_000,
  failedMatches: 0,
  impressions: 150_000,
  clicks: 1_500,
  refusedEvents: 0,
  seconds: 90,
  kinds: [
    {
      kind: 'even, cpm',
      campaigns: 3,
      pacing: 'even',
      farthestFromPlan: -0.0123,
      passShareBefore: 1,
      leastSpent: 0.995,
      mostSpent: 1,
    },
    {
      kind: 'asap',
      campaigns: 1,
      pacing: 'asap',
      farthestFromPlan: null,
      passShareBefore: null,
      leastSpent: 0.9,
      mostSpent: 0.9,
    },
  ],
  capsBroken: 0,
  audit: [{ name: 'ledger', rule: 'sums to zero', checked: 9, breaches: 0 }],
};

describe('printSummary', () => {
  it('has one line a kind, its figures below their names', () => {
    const lines = printSummary(SOUND).split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        '1 day, 100000 members: 60000 matches, 150000 impressions, 1500 clicks in 90 s',
        'kind of campaign  campaigns  farthest from plan  pass share before  spent of a budget, least      most',
        'even, cpm                 3             -1.23 %           100.00 %                   99.50 %  100.00 %',
        'asap                      1                   -                  -                   90.00 %   90.00 %',
        '  ledger: 9 checked, 0 breaches',
      ]),
    );
  });

  it.each([
    [20_000, false],
    [19_999, true],
  ])('warns of %i impressions in a day that they are few: %p', (impressions, isWarned) => {
    expect(printSummary({ ...SOUND, impressions }).includes('So few messages')).toBe(isWarned);
  });
});

describe('isSound', () => {
  it('takes a simulation in which nothing was lost or broken', () => {
    expect(isSound(SOUND)).toBe(true);
    expect(isSound({ ...SOUND, audit: null })).toBe(true);
  });

  it.each<[string, Partial<SimulationSummary>]>([
    ['a failed match', { failedMatches: 1 }],
    ['a refused event', { refusedEvents: 1 }],
    ['a broken cap', { capsBroken: 1 }],
    ['a budget that is overspent', { kinds: SOUND.kinds.map((kind) => ({ ...kind, mostSpent: 1.000_001 })) }],
    ['a breach', { audit: [{ name: 'ledger', rule: 'sums to zero', checked: 9, breaches: 1 }] }],
  ])('refuses %s', (_what, fault) => {
    expect(isSound({ ...SOUND, ...fault })).toBe(false);
  });
});
