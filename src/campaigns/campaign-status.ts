/**
 * The life cycle of a campaign. What is stored is what somebody did; `ended` is not done but happens, so it is derived
 * from the time. Archived is final.
 */
export const STORED_STATUSES = ['draft', 'active', 'paused', 'archived'] as const;
export type StoredStatus = (typeof STORED_STATUSES)[number];

export const CAMPAIGN_STATUSES = ['draft', 'active', 'paused', 'ended', 'archived'] as const;
export type CampaignStatus = (typeof CAMPAIGN_STATUSES)[number];

export type Transition = 'activate' | 'pause' | 'archive';

const TRANSITIONS: Readonly<Record<Transition, { from: readonly CampaignStatus[]; to: StoredStatus }>> = {
  activate: { from: ['draft', 'paused'], to: 'active' },
  pause: { from: ['active'], to: 'paused' },
  archive: { from: ['draft', 'active', 'paused', 'ended'], to: 'archived' },
};

/** `endsAt` is the first epoch millisecond at which the campaign is over; null: it has no end. */
export function statusAt(stored: StoredStatus, endsAt: number | null, now: number): CampaignStatus {
  return (stored === 'active' || stored === 'paused') && isOver(endsAt, now) ? 'ended' : stored;
}

/** The status that a transition stores, or in words why it can't be done now. */
export function transitionFrom(
  transition: Transition,
  stored: StoredStatus,
  endsAt: number | null,
  now: number,
): { readonly to: StoredStatus } | { readonly refused: string } {
  const { from, to } = TRANSITIONS[transition];
  const status = statusAt(stored, endsAt, now);
  if (transition === 'activate' && stored !== 'archived' && isOver(endsAt, now)) {
    return { refused: 'The end of the campaign is past; set a later endsAt, or take it away, first.' };
  }
  if (from.includes(status)) return { to };
  return { refused: `A campaign that is ${status} can't do '${transition}'; one that is ${from.join(' or ')} can.` };
}

function isOver(endsAt: number | null, now: number): boolean {
  return endsAt !== null && endsAt <= now;
}
