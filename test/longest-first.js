import { readFileSync } from 'node:fs';
import TestSequencer from '@jest/test-sequencer';

/**
 * The order in which Jest begins the suites: those that ask for the most time come first, so that none of the long ones is
 * left for the end, with one worker busy and the others idle. The rest goes as Jest has it.
 */
export default class LongestFirst extends TestSequencer {
  /** @param {import('@jest/test-result').Test[]} tests */
  async sort(tests) {
    const sorted = await super.sort(tests);
    const allowances = new Map(sorted.map(({ path }) => [path, longestAllowance(path)]));
    return [...sorted].sort((a, b) => (allowances.get(b.path) ?? 0) - (allowances.get(a.path) ?? 0));
  }
}

/**
 * In ms, of a suite or of one of its tests; 0 where it asks for none.
 * @param {string} path
 */
function longestAllowance(path) {
  const allowances = readFileSync(path, 'utf8').matchAll(/(?:^jest\.setTimeout\(|^ *\}, )([\d_]+)\);$/gm);
  return Math.max(0, ...[...allowances].map(([, ms = '0']) => Number(ms.replaceAll('_', ''))));
}
