import { hashText } from '../../core/auction/tie-break.js';

/**
 * Keys of 47 bits that stand for messages and requests in the exposure state of one member, who has at most a few thousand.
 * A message is known by its key, what it counts for and its time together.
 */

/** For any text. */
export function wideKey(text: string): number {
  // The salt comes first: behind, the second hash would follow from the first.
  return hashText(text) * 0x8000 + (hashText(`#${text}`) & 0x7fff);
}

/** `messageId`: `<decision>.<n>`; its key is n above that of its decision, as the script that holds it counts. */
export function messageKey(messageId: string): number {
  const dot = messageId.lastIndexOf('.');
  return wideKey(messageId.slice(0, dot)) + Number(messageId.slice(dot + 1));
}

/** What a message counts for: {creative, adGroup, campaign, advertiser, placement}, by `capKey`. */
export type ExposureKeys = readonly [number, number, number, number, number];
