/** What other features may use of delivery. */
export {
  ExposureStore,
  type HoldCandidate,
  type HoldCap,
  type Held,
  type MemberExposure,
} from './exposure/exposure-store.js';
export { LONGEST_COMMIT_MS, SettlementProgress } from './settlement/settlement-progress.js';
export { SETTLEMENT_QUEUE, type SettlementQueue } from './settlement/settlement-job.js';
export { SpendBook } from './spend/spend-book.js';
