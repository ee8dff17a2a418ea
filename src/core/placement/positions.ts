import { invariant } from '../invariant-violation.js';

/** How a placement lays sponsored messages into a list of chat rows; all are whole numbers of 0 or more. */
export interface PlacementLayout {
  /** Rows of the member's chat list, without sponsored messages. */
  readonly chatCount: number;
  /** The index of the first sponsored message, which is the number of chat rows above it. */
  readonly firstPosition: number;
  /** Chat rows between two sponsored messages. */
  readonly spacing: number;
  readonly maxMessages: number;
}

/**
 * Where sponsored messages stand: 0-based indexes in the list as shown, sponsored messages included, ascending.
 *
 * The i-th message (from 0) needs firstPosition + i × spacing chat rows above it, and each earlier message takes a row
 * itself, so it stands at firstPosition + i × (spacing + 1). A message may be the last row of the list, right below the
 * last chat, but never past the end: when the chat rows above it are not all there, it is left out. An empty chat list gets
 * none, even with firstPosition 0, since an advertisement alone is not a chat list. O(messages).
 */
export function placementPositions(layout: PlacementLayout): readonly number[] {
  const { chatCount, firstPosition, spacing, maxMessages } = layout;
  const isWhole = [chatCount, firstPosition, spacing, maxMessages].every((n) => Number.isSafeInteger(n) && n >= 0);
  invariant(isWhole, 'a placement is laid out in whole numbers of 0 or more');
  const positions: number[] = [];
  if (chatCount === 0) return positions;
  for (let i = 0; i < maxMessages && firstPosition + i * spacing <= chatCount; i += 1) {
    positions.push(firstPosition + i * (spacing + 1));
  }
  return positions;
}
