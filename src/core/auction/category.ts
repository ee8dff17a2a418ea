import { SEGMENT_ID_PATTERN, type TextRule } from '../targeting/vocabulary.js';

/**
 * Category labels: what a campaign advertises, in the advertisers' own words or IAB's (OpenRTB `cat`). Two messages of one
 * list never share one, and a request may block some.
 */
export const MAX_CATEGORIES = 8;

/** Formed as the ids of segments are. */
export const CATEGORY_RULE: TextRule = {
  pattern: SEGMENT_ID_PATTERN,
  expects: '1 to 64 lower-case letters, digits, ".", "_" or "-", starting with a letter or digit, such as "auto.ev"',
};
