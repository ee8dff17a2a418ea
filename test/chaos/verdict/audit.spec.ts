import { describe, expect, it } from '@jest/globals';
import { judgeAudit } from './audit.js';

describe("the verdict on the product's audit", () => {
  const audited = (name: string, breaches = 0) => ({
    name,
    rule: 'a rule',
    checked: 5,
    breaches,
    examples: breaches > 0 ? ['an example'] : [],
    figure: null,
  });
  const caps = ['creative-caps', 'ad-group-caps', 'campaign-caps', 'advertiser-caps', 'placement-caps'];
  const breachesOf = (names: readonly string[], broken = '') =>
    judgeAudit(names.map((name) => audited(name, name === broken ? 3 : 0))).flatMap(({ breaches }) => breaches);

  it('passes where no rule is broken, and tells what checks of caps looked at', () => {
    expect(breachesOf(['balances', ...caps])).toEqual([]);
    const looked = judgeAudit(['balances', ...caps].map((name) => audited(name))).map((check) => check.looked);
    expect(looked).toEqual([1, 5, 5, 5, 5, 5]);
  });

  it('finds an audit without checks, or without one of caps', () => {
    expect(breachesOf([])).toHaveLength(6);
    expect(breachesOf(caps)).toEqual(['it checks nothing']);
    expect(breachesOf(['balances', ...caps.slice(1)])).toEqual(['there is no such check']);
  });

  it('names each rule that is broken', () => {
    for (const broken of ['balances', 'creative-caps']) {
      expect(breachesOf(['balances', ...caps], broken)).toEqual([
        `${broken}: not so 3 times: a rule, as in an example`,
      ]);
    }
  });
});
