import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { hashText, tieBreak } from './tie-break.js';

const uint32 = fc.integer({ min: 0, max: 0xffffffff });

describe('hashText', () => {
  it.each([
    ['', 0x811c9dc5],
    ['a', 0xe40c292c],
    ['foobar', 0xbf9cf968],
  ])('hashes %j as FNV-1a does', (text, hash) => {
    expect(hashText(text)).toBe(hash);
  });

  it('is an unsigned 32-bit integer for any text, and tells neighbours apart', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const hash = hashText(text);
        expect(hash).toBe(hash >>> 0);
        expect(hashText(`${text}a`)).not.toBe(hashText(`${text}b`));
      }),
    );
  });
});

describe('tieBreak', () => {
  it('is an unsigned 32-bit integer, different for different ids under one seed', () => {
    fc.assert(
      fc.property(uint32, uint32, uint32, (seed, a, b) => {
        expect(tieBreak(seed, a)).toBe(tieBreak(seed, a) >>> 0);
        expect(tieBreak(seed, a) === tieBreak(seed, b)).toBe(a === b);
      }),
    );
  });

  it('puts each of several first about equally often over many requests', () => {
    const hashes = ['adg_1', 'adg_2', 'adg_3', 'adg_4'].map(hashText);
    const wins = hashes.map(() => 0);
    for (let request = 0; request < 8_000; request++) {
      const order = hashes.map((hash) => tieBreak(hashText(`request-${request}`), hash));
      const winner = order.indexOf(Math.min(...order));
      wins[winner] = (wins[winner] ?? 0) + 1;
    }
    // 2,000 each are expected; five standard deviations are 194.
    for (const count of wins) expect(Math.abs(count - 2_000)).toBeLessThan(194);
  });
});
