import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { InvariantViolation } from '../invariant-violation.js';
import { type PlacementLayout, placementPositions } from './positions.js';

const chatList = (chatCount: number): PlacementLayout => ({ chatCount, firstPosition: 1, spacing: 6, maxMessages: 3 });
const anyLayout: fc.Arbitrary<PlacementLayout> = fc.record({
  chatCount: fc.nat(60),
  firstPosition: fc.nat(20),
  spacing: fc.nat(12),
  maxMessages: fc.nat(8),
});

/** Builds the list as shown, row by row: a message goes in as soon as enough chat rows stand above it. */
function naivePositions({ chatCount, firstPosition, spacing, maxMessages }: PlacementLayout): number[] {
  const shown: ('chat' | 'message')[] = [];
  let chatsAbove = 0;
  let messages = 0;
  const placeDue = (): void => {
    while (chatCount > 0 && messages < maxMessages && chatsAbove === firstPosition + messages * spacing) {
      shown.push('message');
      messages += 1;
    }
  };
  placeDue();
  for (; chatsAbove < chatCount;) {
    shown.push('chat');
    chatsAbove += 1;
    placeDue();
  }
  return shown.flatMap((row, index) => (row === 'message' ? [index] : []));
}

describe('placementPositions', () => {
  it('is what building the list row by row gives', () => {
    fc.assert(
      fc.property(anyLayout, (layout) => {
        expect(placementPositions(layout)).toEqual(naivePositions(layout));
      }),
      { numRuns: 1_000 },
    );
  });

  it('never passes the end of the list, and never changes where more chats follow', () => {
    fc.assert(
      fc.property(anyLayout, fc.nat(30), (layout, more) => {
        const positions = placementPositions(layout);
        expect(positions.every((position) => position < layout.chatCount + positions.length)).toBe(true);
        const longer = placementPositions({ ...layout, chatCount: layout.chatCount + more });
        expect(layout.chatCount === 0 ? [] : longer.slice(0, positions.length)).toEqual(positions);
      }),
    );
  });

  it.each([
    [0, []],
    [1, [1]],
    [6, [1]],
    [7, [1, 8]],
    [12, [1, 8]],
    [13, [1, 8, 15]],
    [42, [1, 8, 15]],
  ])('of the chat list with %i chats', (chatCount, positions) => {
    expect(placementPositions(chatList(chatCount))).toEqual(positions);
  });

  it('leaves a list alone that is shorter than the first position, or empty', () => {
    expect(placementPositions({ chatCount: 4, firstPosition: 5, spacing: 1, maxMessages: 2 })).toEqual([]);
    expect(placementPositions({ chatCount: 5, firstPosition: 5, spacing: 1, maxMessages: 2 })).toEqual([5]);
    expect(placementPositions({ chatCount: 0, firstPosition: 0, spacing: 0, maxMessages: 2 })).toEqual([]);
    expect(placementPositions({ chatCount: 1, firstPosition: 0, spacing: 0, maxMessages: 2 })).toEqual([0, 1]);
  });

  it.each([{ chatCount: -1 }, { firstPosition: 0.5 }, { spacing: Number.NaN }, { maxMessages: Infinity }])(
    'throws for %j',
    (wrong) => {
      expect(() => placementPositions({ ...chatList(42), ...wrong })).toThrow(InvariantViolation);
    },
  );
});
