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
        // The store's own condition: until the last lost hold has expired, and what was accepted before is settled.
        gauge.set(Math.max(0, quarantinedUntil - progress.settledUntil) / 1000);
      },
    );
  }
}
