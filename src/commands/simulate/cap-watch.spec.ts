import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CapWatch } from './cap-watch.js';

const cap = { limit: 2, windowMs: 100 };

describe('CapWatch', () => {
  it('counts exactly the impressions that pass a limit, as counting all of them anew would', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('one', 'other'), fc.nat(80)), { maxLength: 40 }), (steps) => {
        const watch = new CapWatch(new Map([['cmp', cap]]));
        const seen = new Map<string, number[]>();
        let now = 0;
        let broken = 0;
        for (const [member, wait] of steps) {
          now += wait;
          const times = [...(seen.get(member) ?? []), now];
          seen.set(member, times);
          if (times.filter((time) => time > now - cap.windowMs).length > cap.limit) broken++;
          watch.add('cmp', member, now);
          expect(watch.broken).toBe(broken);
        }
      }),
    );
  });

  it('counts one that comes after later ones of its window', () => {
    const watch = new CapWatch(new Map([['cmp', cap]]));
    for (const ms of [150, 120, 50]) watch.add('cmp', 'member', ms);
    expect(watch.broken).toBe(0);
    watch.add('cmp', 'member', 51);
    expect(watch.broken).toBe(1);
  });

  it('has no opinion on campaigns without a cap', () => {
    const watch = new CapWatch(new Map());
    for (let i = 0; i < 9; i++) watch.add('cmp', 'member', 1);
    expect(watch.broken).toBe(0);
  });
});
