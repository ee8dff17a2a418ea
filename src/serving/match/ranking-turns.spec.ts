import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { RankingTurns } from './ranking-turns.js';

/** Some rankings of as long, at once; 'turn' for each turn of the event loop in between. */
async function rankAll(count: number, ms: number): Promise<readonly string[]> {
  const turns = new RankingTurns();
  const told: string[] = [];
  let isDone = false;
  const others = (async () => {
    for (; !isDone; await nextTurn()) told.push('turn');
  })();
  await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      while (turns.isOver) await turns.others();
      turns.rank(() => {
        const end = performance.now() + ms;
        while (performance.now() < end);
        told.push(String(i));
      });
    }),
  );
  isDone = true;
  await others;
  return told;
}

describe('rankings of one turn of the event loop', () => {
  it('leave others their turns, and come in the order in which they were asked for', async () => {
    const told = await rankAll(9, 3);
    expect(told.filter((one) => one !== 'turn')).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8']);
    const together = told
      .join(' ')
      .split('turn')
      .map((part) => part.trim().split(' ').filter(Boolean).length);
    expect(Math.max(...together)).toBeLessThanOrEqual(2);
  });

  it('wait for nobody where all of them take little', async () => {
    const turns = new RankingTurns();
    for (let i = 0; i < 25; i++) turns.rank(() => undefined);
    expect(turns.isOver).toBe(false);
    await nextTurn();
  });

  it('count what failed', async () => {
    const turns = new RankingTurns();
    expect(() =>
      turns.rank(() => {
        const end = performance.now() + 6;
        while (performance.now() < end);
        throw new Error('broken');
      }),
    ).toThrow('broken');
    expect(turns.isOver).toBe(true);
    await turns.others();
    expect(turns.isOver).toBe(false);
  });
});
