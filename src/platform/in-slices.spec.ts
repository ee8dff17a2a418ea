import { describe, expect, it } from '@jest/globals';
import { inSlices } from './in-slices.js';

/** Steps of a tenth of a millisecond, each told to `onStep`. */
function* steps(count: number, onStep: () => void): Generator {
  for (let i = 0; i < count; i++) {
    const end = performance.now() + 0.1;
    while (performance.now() < end);
    onStep();
    yield;
  }
}

describe('inSlices', () => {
  it('does all of the work, and lets others in between', async () => {
    let done = 0;
    const seen: number[] = [];
    const watch = setInterval(() => seen.push(done), 0);
    await inSlices(steps(100, () => done++));
    clearInterval(watch);
    expect(done).toBe(100);
    expect(seen.some((count) => count > 0 && count < 100)).toBe(true);
  });

  it('passes on what the work throws', async () => {
    const failing = steps(1, () => {
      throw new Error('worn out');
    });
    await expect(inSlices(failing)).rejects.toThrow('worn out');
  });
});
