import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { nearestWord } from './nearest-word.js';

const WORDS = ['segment', 'segments', 'age', 'gender', 'country', 'os', 'osVersion', 'in'];

describe('nearestWord', () => {
  it.each([
    ['gendr', 'gender'],
    ['Gender', 'gender'],
    ['contry', 'country'],
    ['countries', null],
    ['os_version', 'osVersion'],
    ['segmnet', 'segment'],
    ['segmentss', 'segments'],
    ['agee', 'age'],
    ['x', null],
    ['on', null],
    ['', null],
    ['constructor', null],
    ['g'.repeat(25), null],
  ])('takes %j to mean %j', (written, word) => {
    expect(nearestWord(written, WORDS)).toBe(word);
  });

  it('finds a word again from which one letter is gone', () => {
    const long = fc.constantFrom('segment', 'gender', 'country', 'osVersion');
    fc.assert(
      fc.property(long, fc.nat(20), (word, at) => {
        const i = at % word.length;
        expect(nearestWord(word.slice(0, i) + word.slice(i + 1), WORDS)).toBe(word);
      }),
    );
  });
});
