import { setImmediate as allStarted } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { WorkSlots } from './work-slots.js';

const OPTIONS = { atOnce: 2, waiting: 50, refusal: 'Too many wait already.' };

/** A piece of work that ends when it is told to. */
function heldWork(started: number[], id: number) {
  let resolve: (id: number) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<number>((...settle) => ([resolve, reject] = settle));
  const work = (): Promise<number> => {
    started.push(id);
    return promise;
  };
  return { work, end: () => resolve(id), fail: () => reject(new Error(`work ${id}`)) };
}

describe('WorkSlots', () => {
  it('runs two at once and the others in turn, also after one has failed', async () => {
    const slots = new WorkSlots(OPTIONS);
    const started: number[] = [];
    const works = [0, 1, 2, 3].map((id) => heldWork(started, id));
    const results = works.map(({ work }) => slots.run(work));
    await allStarted();
    expect(started).toEqual([0, 1]);
    works[1]?.fail();
    await expect(results[1]).rejects.toThrow('work 1');
    await allStarted();
    expect(started).toEqual([0, 1, 2]);
    works[2]?.end();
    await expect(results[2]).resolves.toBe(2);
    await allStarted();
    expect(started).toEqual([0, 1, 2, 3]);
    works[0]?.end();
    works[3]?.end();
    await expect(Promise.all([results[0], results[3]])).resolves.toEqual([0, 3]);
  });

  it('frees its slots: after many works it still runs two at once', async () => {
    const slots = new WorkSlots(OPTIONS);
    await Promise.all(Array.from({ length: 20 }, (_, id) => slots.run(() => Promise.resolve(id))));
    const started: number[] = [];
    const works = [0, 1, 2].map((id) => heldWork(started, id));
    const results = works.map(({ work }) => slots.run(work));
    await allStarted();
    expect(started).toEqual([0, 1]);
    works.forEach(({ end }) => end());
    await expect(Promise.all(results)).resolves.toEqual([0, 1, 2]);
  });

  it('refuses where too many wait, and takes work again afterwards', async () => {
    const slots = new WorkSlots(OPTIONS);
    const works = Array.from({ length: 53 }, (_, id) => heldWork([], id));
    const results = works.map(({ work }) => slots.run(work));
    await expect(results[52]).rejects.toMatchObject({ status: 503, code: 'unavailable' });
    works.forEach(({ end }) => end());
    await expect(Promise.all(results.slice(0, 52))).resolves.toHaveLength(52);
    await expect(slots.run(() => Promise.resolve('again'))).resolves.toBe('again');
  });
});
