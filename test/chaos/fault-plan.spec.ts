import { describe, expect, it } from '@jest/globals';
import { describeFault, planFaults, PROCESS_NAMES } from './fault-plan.js';

describe('the plan of faults', () => {
  it('is the same for the same seed and length, and another for another seed', () => {
    expect(planFaults({ seed: 7, seconds: 300 })).toEqual(planFaults({ seed: 7, seconds: 300 }));
    expect(planFaults({ seed: 7, seconds: 300 })).not.toEqual(planFaults({ seed: 8, seconds: 300 }));
  });

  it('begins like that of a longer run, in the order of time, and leaves the ends alone', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const short = planFaults({ seed, seconds: 60 });
      expect(planFaults({ seed, seconds: 300 }).slice(0, short.length)).toEqual(short);
      const times = short.map(({ atMs }) => atMs);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      expect(times[0]).toBe(3_000);
      expect(times.at(-1)).toBeLessThanOrEqual(57_000);
    }
  });

  it('has every kind for every target within a run of five minutes, and over seeds in short runs', () => {
    const known = (faults: ReturnType<typeof planFaults>) =>
      new Set(faults.map(({ kind, target }) => `${kind} ${target}`));
    const wanted = [
      ...[...PROCESS_NAMES, 'postgres', 'redis'].map((target) => `kill ${target}`),
      ...[...PROCESS_NAMES, 'redis'].map((target) => `freeze ${target}`),
      ...['forget redis', 'flush redis'],
    ];
    for (let seed = 1; seed <= 20; seed++) {
      const faults = planFaults({ seed, seconds: 300 });
      expect([...known(faults)]).toEqual(expect.arrayContaining(wanted));
      expect(faults.some(({ kind }) => kind === 'cut') && faults.some(({ kind }) => kind === 'hang')).toBe(true);
    }
    const short = Array.from({ length: 20 }, (_, seed) => planFaults({ seed, seconds: 25 }));
    expect([...known(short.flat())]).toEqual(expect.arrayContaining(wanted));
    for (const faults of short) expect(faults.length).toBeGreaterThanOrEqual(3);
  });

  it('tells each fault in words', () => {
    const words = planFaults({ seed: 1, seconds: 300 }).map(describeFault);
    expect(words).toContain('FLUSHALL');
    expect(words.some((text) => /^kill -9 redis, its file removed, back after \d\.\d s$/.test(text))).toBe(true);
    expect(words.some((text) => /^freeze worker-\d for \d\.\d s$/.test(text))).toBe(true);
  });
});
