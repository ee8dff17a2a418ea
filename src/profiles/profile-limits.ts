/**
 * How large one interest profile may be. The limits bound what one hostile line can cost, and what a cached profile takes
 * in memory; a profile at all its limits in ASCII fits into one line of a bulk upload.
 */
export const MAX_INTERESTS = 500;
export const MAX_ATTRIBUTES = 100;
export const MAX_MUTED_ADVERTISERS = 200;

/** For refusals of far too many, which are counted before they are read. */
export const PROFILE_ENTRY_LIMITS = { interests: MAX_INTERESTS, attributes: MAX_ATTRIBUTES };

/** The oldest person whose age is verified was born in 1875; nobody alive was born before 1900. */
export const EARLIEST_BIRTH_YEAR = 1900;

/** Narrower than what an expression may name, so that every attribute that a profile can hold can also be targeted. */
export const ATTRIBUTE_KEY = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;
export const ATTRIBUTE_KEY_FORM =
  '1 to 64 letters, digits, "_", "." or "-", starting with a letter, such as "occupation"';

/** Faults that one answer names: a person mends a few at a time. */
export const MAX_PROFILE_ERRORS = 20;
