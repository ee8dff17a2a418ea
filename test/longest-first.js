import { readFileSync } from 'node:fs';
import TestSequencer from '@jest/test-sequencer';

/**
 * The order in which Jest begins the suites: those that ask for the most time (`jest.setTimeout`) come first, so that none
 * of the long ones is left for the end, with one worker busy and the others idle. The rest goes as Jest has it.
 */
export default class LongestFirst extends TestSequencer {
  async sort(tests) {
    const sorted = await super.sort(tests);
    const allowances = new Map(sorted.map((test) => [test, allowanceOf(test.path)]));
    return [...sorted].sort((a, b) => allowances.get(b) - allowances.get(a));
  }
}

function allowanceOf(path) {
  const [, ms = '0'] = /^jest\.setTimeout\(([\d_]+)\);$/m.exec(readFileSync(path, 'utf8')) ?? [];
  return Number(ms.replaceAll('_', ''));
}
