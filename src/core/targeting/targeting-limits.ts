/**
 * How large a targeting expression may be. The limits bound the work of parsing a hostile body, of evaluating one ad
 * group, and of compiling it for the candidate index.
 */

/** Nodes of one expression, the root included; at the 35 ns a node measured, one evaluation stays below 50 µs. */
export const MAX_TARGETING_NODES = 1_000;

/** Levels of nodes, the root being level 1; recursion over a parsed expression therefore needs no guard of its own. */
export const MAX_TARGETING_DEPTH = 32;

/**
 * Values of all lists together. Each may cost a look-up: at the 20 ns measured for one, an expression stays below 100 µs,
 * so that hundreds of them fit into one match.
 */
export const MAX_TARGETING_VALUES = 2_000;

/** Values of one list, such as the ids of `segments`; enough for twice all the countries of ISO 3166-1 (249). */
export const MAX_LIST_VALUES = 500;

/** Errors in one answer; a person mends a few at a time, and a hostile body must not be answered by a larger one. */
export const MAX_TARGETING_ERRORS = 20;
