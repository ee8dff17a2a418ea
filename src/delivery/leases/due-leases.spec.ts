import { describe, expect, it } from '@jest/globals';
import { adGroup } from '../../../test/properties/arbitraries/candidates.js';
import { DueLeases } from './due-leases.js';
import { Lease } from './lease.js';

const TICK = 10_000;

describe('a lease that is idle', () => {
  const leaseOf = (id: string, campaignId: string, usedTick = -Infinity): Lease =>
    Object.assign(new Lease(adGroup({ id, campaignId, advertiserId: 'adv' })), { usedTick });
  const short = leaseOf('adg_short', 'cmp');
  const sibling = leaseOf('adg_sibling', 'cmp');
  const stranger = leaseOf('adg_stranger', 'cmp_other');
  const busy = leaseOf('adg_busy', 'cmp', TICK - 500);

  it.each([
    ['the own budget of an ad group', 'adg_short', [short]],
    ['the budget of a campaign', 'cmp', [short, sibling]],
    ['the balance of an advertiser', 'adv', [short, sibling, stranger]],
    ['nothing', null, []],
  ])('gives back money where it lacks by %s', async (_what, lacked, expected) => {
    const due = new DueLeases(
      new Map(),
      () => true,
      () => Promise.resolve(new Set(lacked === null ? [] : [lacked])),
    );
    await due.lookAround(TICK);
    const lenders = [short, sibling, stranger, busy].filter((lease) => due.isLackedBesides(lease, TICK));
    expect(lenders.map(({ record }) => record.id)).toEqual(expected.map(({ record }) => record.id));
  });

  it('gives back the money for its next message only where it has lacked for three seconds on end', async () => {
    let wanted = ['cmp'];
    const due = new DueLeases(
      new Map(),
      () => true,
      () => Promise.resolve(new Set(wanted)),
    );
    const lackedAt = async (tick: number): Promise<boolean> => {
      await due.lookAround(tick);
      return due.isLackedForLong(sibling, tick);
    };
    for (const tick of [10_000, 11_500, 12_999]) expect(await lackedAt(tick)).toBe(false);
    expect(await lackedAt(14_100)).toBe(true);
    wanted = [];
    expect(await lackedAt(15_200)).toBe(false);
    wanted = ['cmp'];
    for (const tick of [16_300, 17_400, 19_200]) expect(await lackedAt(tick)).toBe(false);
    expect(await lackedAt(19_300)).toBe(true);
  });
});

describe('leases without money for one more message', () => {
  it('are due again when they may ask, and counted, but for those whose campaigns have not begun', async () => {
    const leases = new Map(['asks', 'waits', 'begins'].map((id) => [id, new Lease(adGroup({ id }))]));
    const waiting = leases.get('waits');
    if (waiting !== undefined) waiting.askAgainTick = TICK + 1;
    // So many that no review comes to these.
    for (let i = 0; i < 200; i++) leases.set(`rich-${i}`, new Lease(adGroup({ id: `rich-${i}` })));
    const reviewed = [...leases.keys()].reverse();
    const due = new DueLeases(
      new Map(reviewed.map((id) => [id, leases.get(id) as Lease])),
      ({ record }) => record.id !== 'begins',
      () => Promise.resolve(new Set()),
    );
    for (const id of ['asks', 'waits', 'begins']) due.noteShort(id, true);
    await due.lookAround(TICK);
    expect(due.take().filter((id) => !id.startsWith('rich'))).toEqual(['asks']);
    expect(due.shortCount).toBe(2);
    await due.lookAround(TICK + 1);
    expect(due.take().filter((id) => !id.startsWith('rich'))).toEqual(['asks', 'waits']);
  });
});
