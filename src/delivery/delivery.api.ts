/** What other features may use of delivery. */
export {
  ExposureStore,
  type HoldCandidate,
  type HoldCap,
  type Held,
  type MemberExposure,
} from './exposure/exposure-store.js';
export { LONGEST_COMMIT_MS, LONGEST_INTAKE_WAIT_MS, SettlementProgress } from './settlement/settlement-progress.js';
export { SETTLEMENT_QUEUE, type SettlementQueue } from './settlement/settlement-job.js';
export { LONGEST_HOLD_SECONDS_SQL } from './longest-hold.js';
export { CtrBook } from './ctr/ctr-book.js';
export { SpendBook, type SpendChange } from './spend/spend-book.js';
export { type Pacing, PacingBook } from './pacing/pacing-book.js';
