import { CreateAccess1795305600000 } from './1795305600000-create-access.js';
import { CreateCampaigns1795305660000 } from './1795305660000-create-campaigns.js';
import { CreateProfiles1795305720000 } from './1795305720000-create-profiles.js';
import { CreatePlacements1795305780000 } from './1795305780000-create-placements.js';
import { CreateEvents1795305840000 } from './1795305840000-create-events.js';
import { CreateLedger1795305900000 } from './1795305900000-create-ledger.js';
import { CreateReportRows1795305960000 } from './1795305960000-create-report-rows.js';
import { CreateExposureEpochs1795306020000 } from './1795306020000-create-exposure-epochs.js';
import { AddAuctionRules1795306080000 } from './1795306080000-add-auction-rules.js';
import { AnnounceProfileChanges1795478400000 } from './1795478400000-announce-profile-changes.js';
import { AddFrequencyCaps1795651200000 } from './1795651200000-add-frequency-caps.js';
import { CreateInvalidTraffic1795651260000 } from './1795651260000-create-invalid-traffic.js';
import { ParkBatches1795651320000 } from './1795651320000-park-batches.js';
import { AddAuditTrail1795651380000 } from './1795651380000-add-audit-trail.js';
import { CreatePacing1795651440000 } from './1795651440000-create-pacing.js';
import { CreateBudgetLeases1795651500000 } from './1795651500000-create-budget-leases.js';
import { NameShortAdGroups1795651560000 } from './1795651560000-name-short-ad-groups.js';
import { FollowAllCaps1795651620000 } from './1795651620000-follow-all-caps.js';
import { CountOverDelivery1795651680000 } from './1795651680000-count-over-delivery.js';
import { KeepHoldTimes1795651740000 } from './1795651740000-keep-hold-times.js';
import { KeepCommitTimes1795651800000 } from './1795651800000-keep-commit-times.js';
import { KeepIntakeMarks1795651860000 } from './1795651860000-keep-intake-marks.js';
import { BindParkedMoney1795651920000 } from './1795651920000-bind-parked-money.js';
import { MarkRetriedBatches1795651980000 } from './1795651980000-mark-retried-batches.js';

/** All migrations in the order in which they run: named one by one, so that a stray file can't become one. */
export const MIGRATIONS = [
  CreateAccess1795305600000,
  CreateCampaigns1795305660000,
  CreateProfiles1795305720000,
  CreatePlacements1795305780000,
  CreateEvents1795305840000,
  CreateLedger1795305900000,
  CreateReportRows1795305960000,
  CreateExposureEpochs1795306020000,
  AddAuctionRules1795306080000,
  AnnounceProfileChanges1795478400000,
  AddFrequencyCaps1795651200000,
  CreateInvalidTraffic1795651260000,
  ParkBatches1795651320000,
  AddAuditTrail1795651380000,
  CreatePacing1795651440000,
  CreateBudgetLeases1795651500000,
  NameShortAdGroups1795651560000,
  FollowAllCaps1795651620000,
  CountOverDelivery1795651680000,
  KeepHoldTimes1795651740000,
  KeepCommitTimes1795651800000,
  KeepIntakeMarks1795651860000,
  BindParkedMoney1795651920000,
  MarkRetriedBatches1795651980000,
];
