import { describe, expect, it } from '@jest/globals';
import { Gathering } from './gathering.js';

function doubling(mostAtOnce?: number) {
  const calls: (readonly number[])[] = [];
  const gathering = new Gathering<number, number>((questions) => {
    calls.push(questions);
    return Promise.resolve(questions.map((n) => n * 2));
  }, mostAtOnce);
  return { gathering, calls };
}

describe('Gathering', () => {
  it('answers all that goes on at the same time by one call, each its own', async () => {
    const { gathering, calls } = doubling();
    const start = Promise.resolve();
    const asked = [1, 2, 3].map(async (n) => {
      await start;
      return gathering.ask(n);
    });
    expect(await Promise.all(asked)).toEqual([2, 4, 6]);
    expect(await gathering.ask(4)).toBe(8);
    expect(calls).toEqual([[1, 2, 3], [4]]);
  });

  it('asks no more at once than it may', async () => {
    const { gathering, calls } = doubling(2);
    expect(await Promise.all([1, 2, 3, 4, 5].map((n) => gathering.ask(n)))).toEqual([2, 4, 6, 8, 10]);
    expect(calls).toEqual([[1, 2], [3, 4], [5]]);
  });

  it('tells each of a failure, and goes on afterwards', async () => {
    let isFailing = true;
    const gathering = new Gathering<number, number>((questions) =>
      isFailing ? Promise.reject(new Error('away')) : Promise.resolve(questions),
    );
    const outcomes = await Promise.allSettled([gathering.ask(1), gathering.ask(2)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    isFailing = false;
    expect(await gathering.ask(3)).toBe(3);
  });
});
