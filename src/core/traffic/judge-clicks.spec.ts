import { describe, expect, it } from '@jest/globals';
import { type AcceptedClick, judgeClicks } from './judge-clicks.js';

const LIMITS = [{ clicks: 2, windowMs: 1_000 }];

function click(ordinal: number, fields: Partial<AcceptedClick> = {}): AcceptedClick {
  return { id: `m${ordinal}`, batchId: 'bat_1', ordinal, clickedAt: 0, reactionMs: null, ...fields };
}

function faultsOf(...clicks: AcceptedClick[]): readonly (string | undefined)[] {
  const faults = judgeClicks(clicks, clicks, LIMITS);
  return clicks.map(({ id }) => faults.get(id));
}

describe('judgeClicks', () => {
  it('lets the first clicks of a window be, and no more', () => {
    expect(faultsOf(click(0), click(1), click(2))).toEqual([undefined, undefined, 'click_rate']);
  });

  it('ends a window a millisecond before its length', () => {
    const third = (clickedAt: number) => faultsOf(click(0), click(1), click(2, { clickedAt }))[2];
    expect([third(999), third(1_000)]).toEqual(['click_rate', undefined]);
  });

  it('keeps those out who go on clicking', () => {
    const clicks = Array.from({ length: 6 }, (_, i) => click(i, { clickedAt: i * 300 }));
    expect(faultsOf(...clicks).slice(2)).toEqual(Array(4).fill('click_rate'));
  });

  it('finds clicks past the rate that are reported in the reverse order of their times', () => {
    const clicks = [300, 200, 100, 0].map((clickedAt, i) => click(i, { clickedAt }));
    expect(faultsOf(...clicks)).toEqual([undefined, undefined, 'click_rate', 'click_rate']);
  });

  it('judges by the order of acceptance, over batches', () => {
    expect(faultsOf(click(9), click(0, { id: 'later', batchId: 'bat_2' }), click(8))).toEqual([
      undefined,
      'click_rate',
      undefined,
    ]);
  });

  it.each([
    ['long before its impression', -5_001, 'click_before_impression'],
    ['before it by as much as clocks differ', -5_000, undefined],
    ['at the same instant', 0, undefined],
    ['sooner than anybody reacts', 1, 'click_too_soon'],
    ['sooner than anybody reacts, just', 99, 'click_too_soon'],
    ['as soon as somebody reacts', 100, undefined],
    ['at a time that nobody stated', null, undefined],
  ])('of a click %s', (_what, reactionMs, fault) => {
    expect(faultsOf(click(0, { reactionMs }))).toEqual([fault]);
  });
});
