import { describe, expect, it } from '@jest/globals';
import { toHistory } from './kept-limits.js';

const MINUTE = 60_000;
const text = (value: string): string => value;

describe('toHistory', () => {
  it('knows a limit from 10 s after one change until 13 s before the next', () => {
    expect(toHistory({ latest: 'c', earlier: ['a', 'b'], changed: [MINUTE, 2 * MINUTE] }, text)).toEqual([
      { value: 'a', since: -Infinity, until: MINUTE - 13_000 },
      { value: 'b', since: MINUTE + 10_000, until: 2 * MINUTE - 13_000 },
      { value: 'c', since: 2 * MINUTE + 10_000, until: Infinity },
    ]);
    expect(toHistory({ latest: 'a', earlier: null, changed: null }, text)).toEqual([
      { value: 'a', since: -Infinity, until: Infinity },
    ]);
  });

  it('leaves out what was no limit, or is not known', () => {
    const read = (value: string): string | null => (value === 'none' ? null : value);
    expect(toHistory({ latest: 'none', earlier: [null, 'b'], changed: [MINUTE, 2 * MINUTE] }, read)).toEqual([
      { value: 'b', since: MINUTE + 10_000, until: 2 * MINUTE - 13_000 },
    ]);
  });

  it('leaves out what was changed again at once, and never goes back in time', () => {
    expect(toHistory({ latest: 'c', earlier: ['a', 'b'], changed: [MINUTE, MINUTE + 23_000] }, text)).toHaveLength(2);
    expect(toHistory({ latest: 'c', earlier: ['a', 'b'], changed: [MINUTE, MINUTE - 2_000] }, text)).toEqual([
      { value: 'a', since: -Infinity, until: MINUTE - 13_000 },
      { value: 'c', since: MINUTE + 10_000, until: Infinity },
    ]);
  });
});
