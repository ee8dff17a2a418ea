/** What other features may use of delivery. */
export { type Asked, ExposureStore, type Held, type MemberExposure } from './exposure/exposure-store.js';
export {
  type CapAt,
  type HoldCandidate,
  type HoldText,
  writeHoldAdGroup,
  writeHoldCreative,
} from './exposure/hold-request.js';
export { COMMIT_LOCK_SPACE, commitLockKey, readCommitLocks } from './settlement/commit-locks.js';
export {
  CLOCK_MARGIN_MS,
  LONGEST_COMMIT_MS,
  LONGEST_INTAKE_WAIT_MS,
  SettlementProgress,
} from './settlement/settlement-progress.js';
export { SETTLEMENT_QUEUE, type SettlementQueue } from './settlement/settlement-job.js';
export { longestHoldSeconds, MAX_HOLD_SECONDS } from './longest-hold.js';
export { CtrBook } from './ctr/ctr-book.js';
export { type CostlyMessage, LeaseBook } from './leases/lease-book.js';
export { PacingBook } from './pacing/pacing-book.js';
export { addInvalidTraffic } from './traffic/add-invalid-traffic.js';
export { type InvalidEvent, InvalidTrafficTally, NOWHERE } from './traffic/invalid-traffic-tally.js';
