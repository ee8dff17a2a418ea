import { Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { RUNTIME_CONFIG, type RuntimeConfig } from '../platform/platform.module.js';
import { BullJobQueue } from '../platform/queue/bull-job-queue.js';
import { CtrBook } from './ctr/ctr-book.js';
import { DayShapes } from './pacing/day-shapes.js';
import { PacingBook } from './pacing/pacing-book.js';
import { PacingController } from './pacing/pacing.controller.js';
import { PacingStep } from './pacing/pacing-step.js';
import { ExposureEpochs } from './exposure/exposure-epochs.js';
import { ExposureStore } from './exposure/exposure-store.js';
import {
  SETTLEMENT_QUEUE,
  SETTLEMENT_QUEUE_NAME,
  type SettlementJob,
  type SettlementQueue,
} from './settlement/settlement-job.js';
import { SettlementProgress } from './settlement/settlement-progress.js';
import { SpendBook } from './spend/spend-book.js';

const settlementQueue = {
  provide: SETTLEMENT_QUEUE,
  inject: [RUNTIME_CONFIG],
  useFactory: (config: RuntimeConfig) => new BullJobQueue<SettlementJob>(SETTLEMENT_QUEUE_NAME, config.redisUrl),
};

/** What API processes need of delivery: exposure, spend, and the queue that wakes the worker. */
@Module({
  controllers: [PacingController],
  providers: [
    settlementQueue,
    ExposureEpochs,
    ExposureStore,
    SettlementProgress,
    SpendBook,
    CtrBook,
    PacingBook,
    DayShapes,
    PacingStep,
  ],
  exports: [SETTLEMENT_QUEUE, ExposureStore, SettlementProgress, SpendBook, CtrBook, PacingBook],
})
export class DeliveryModule implements OnApplicationShutdown {
  constructor(@Inject(SETTLEMENT_QUEUE) private readonly queue: SettlementQueue) {}

  async onApplicationShutdown(): Promise<void> {
    await this.queue.close();
  }
}
