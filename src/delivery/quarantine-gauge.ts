import { Injectable } from '@nestjs/common';
import { Metrics } from '../platform/metrics/metrics.js';
import { ExposureEpochs } from './exposure/exposure-epochs.js';
import { SettlementProgress } from './settlement/settlement-progress.js';

/** Tells for how long ad groups with caps still wait after a loss of Redis; see docs/0001-exposure-and-holds.md. */
@Injectable()
export class QuarantineGauge {
  constructor(epochs: ExposureEpochs, progress: SettlementProgress, metrics: Metrics) {
    metrics.gauge(
      'matchum_exposure_quarantine_seconds',
      'Until ad groups with caps serve again after a loss of Redis; 0 when none of them waits',
      (gauge) => {
        const { quarantinedUntil = 0 } = epochs.current ?? {};
        const { settledUntil } = progress;
        // The store's own condition: until the last lost hold has expired, and what was accepted before is settled. How
        // far that is, a process that has just begun does not know yet; nor does it serve yet.
        gauge.set(settledUntil === 0 ? 0 : Math.max(0, quarantinedUntil - settledUntil) / 1000);
      },
    );
  }
}
