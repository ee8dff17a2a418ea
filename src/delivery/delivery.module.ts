import { Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { RUNTIME_CONFIG, type RuntimeConfig } from '../platform/platform.module.js';
import { BullJobQueue } from '../platform/queue/bull-job-queue.js';
import { AuditController } from './audit/audit.controller.js';
import { AuditsService } from './audit/audits.service.js';
import { CtrBook } from './ctr/ctr-book.js';
import { DayShapes } from './pacing/day-shapes.js';
import { PacingBook } from './pacing/pacing-book.js';
import { PacingController } from './pacing/pacing.controller.js';
import { PacingStep } from './pacing/pacing-step.js';
import { ExposureEpochs } from './exposure/exposure-epochs.js';
import { ExposureStore } from './exposure/exposure-store.js';
import { DeadHolders } from './leases/dead-holders.js';
import { LeaseBook } from './leases/lease-book.js';
import { LeaseExchange } from './leases/lease-exchange.js';
import { LeaseHolder } from './leases/lease-holder.js';
import { SettledCharges } from './leases/settled-charges.js';
import { BatchesController } from './operations/batches.controller.js';
import { BatchesService } from './operations/batches.service.js';
import { QuarantineGauge } from './quarantine-gauge.js';
import { SettlementGauges } from './settlement/settlement-gauges.js';
import {
  SETTLEMENT_QUEUE,
  SETTLEMENT_QUEUE_NAME,
  type SettlementJob,
  type SettlementQueue,
} from './settlement/settlement-job.js';
import { SettlementProgress } from './settlement/settlement-progress.js';

const settlementQueue = {
  provide: SETTLEMENT_QUEUE,
  inject: [RUNTIME_CONFIG],
  useFactory: (config: RuntimeConfig) => new BullJobQueue<SettlementJob>(SETTLEMENT_QUEUE_NAME, config.redisUrl),
};

/** What API processes need of delivery: exposure, leases, the queue that wakes the worker, and a look at how it is doing. */
@Module({
  controllers: [AuditController, BatchesController, PacingController],
  providers: [
    settlementQueue,
    AuditsService,
    ExposureEpochs,
    ExposureStore,
    SettlementProgress,
    SettlementGauges,
    QuarantineGauge,
    LeaseHolder,
    DeadHolders,
    LeaseExchange,
    SettledCharges,
    LeaseBook,
    CtrBook,
    PacingBook,
    DayShapes,
    PacingStep,
    BatchesService,
  ],
  exports: [SETTLEMENT_QUEUE, ExposureStore, SettlementProgress, LeaseBook, CtrBook, PacingBook],
})
export class DeliveryModule implements OnApplicationShutdown {
  constructor(@Inject(SETTLEMENT_QUEUE) private readonly queue: SettlementQueue) {}

  async onApplicationShutdown(): Promise<void> {
    await this.queue.close();
  }
}
