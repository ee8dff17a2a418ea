/**
 * Why an event is invalid traffic: it is counted apart by this reason, and never billed. After the Media Rating Council's
 * "Invalid Traffic Detection and Filtration Guidelines": what is known when an event is reported is not taken at all; what
 * takes the member's other events to see is found when it is settled.
 */

/** Known from the report alone. */
export const REFUSAL_REASONS = ['invalid_token', 'expired', 'invalid_time', 'duplicate', 'bot', 'prefetch'] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** Seen beside the member's other events; the first that holds, in this order. */
export const CLICK_FAULTS = ['click_before_impression', 'click_too_soon', 'click_rate'] as const;
export type ClickFault = (typeof CLICK_FAULTS)[number];

export type InvalidReason = RefusalReason | ClickFault;
