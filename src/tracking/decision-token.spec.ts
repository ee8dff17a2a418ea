import { describe, expect, it } from '@jest/globals';
import { DecisionTokens } from './decision-token.js';

describe('DecisionTokens', () => {
  it('needs a secret', () => {
    expect(() => new DecisionTokens([])).toThrow('secret');
  });
});
