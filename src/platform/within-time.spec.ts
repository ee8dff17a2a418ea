import { describe, expect, it } from '@jest/globals';
import { withinTime } from './within-time.js';

const never = new Promise<string>(() => undefined);
const LONG_MS = 60_000;

describe('withinTime', () => {
  it('answers what comes in time, and fails as it fails', async () => {
    await expect(withinTime(Promise.resolve('in time'), LONG_MS, () => 'late')).resolves.toBe('in time');
    await expect(withinTime(Promise.reject(new Error('broken')), LONG_MS, () => 'late')).rejects.toThrow('broken');
  });

  it('does not wait for what is late', async () => {
    await expect(withinTime(never, 1, () => 'late')).resolves.toBe('late');
    const thrown = withinTime(never, 1, () => {
      throw new Error('too late');
    });
    await expect(thrown).rejects.toThrow('too late');
  });

  it('takes a failure that comes later still', async () => {
    let fail: (error: Error) => void = () => undefined;
    const work = new Promise<string>((_resolve, reject) => (fail = reject));
    await expect(withinTime(work, 1, () => 'late')).resolves.toBe('late');
    fail(new Error('after all'));
    await expect(work).rejects.toThrow('after all');
  });
});
