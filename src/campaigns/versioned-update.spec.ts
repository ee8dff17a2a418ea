import { describe, expect, it } from '@jest/globals';
import { updateLatest } from './versioned-update.js';

describe('updateLatest', () => {
  it('tries again while others come between, and answers what it stored', async () => {
    const outcomes = [undefined, undefined, 'stored', 'never reached'];
    expect(await updateLatest(() => Promise.resolve(outcomes.shift()))).toBe('stored');
    expect(outcomes).toEqual(['never reached']);
  });

  it('gives up with a conflict before it tries for ever', async () => {
    let attempts = 0;
    const update = updateLatest(() => Promise.resolve(void attempts++));
    await expect(update).rejects.toMatchObject({ status: 409, code: 'concurrent_update' });
    expect(attempts).toBe(5);
  });

  it('passes on what an attempt throws', async () => {
    await expect(updateLatest(() => Promise.reject(new Error('stale')))).rejects.toThrow('stale');
  });
});
