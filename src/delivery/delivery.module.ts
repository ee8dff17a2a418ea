import { Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { RUNTIME_CONFIG, type RuntimeConfig } from '../platform/platform.module.js';
import { BullJobQueue } from '../platform/queue/bull-job-queue.js';
import { AuditController } from './audit/audit.controller.js';
import { AuditsService } from './audit/audits.service.js';
import { CtrBook } from './ctr/ctr-book.js';
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
  controllers: [AuditController],
  providers: [AuditsService, settlementQueue, ExposureEpochs, ExposureStore, SettlementProgress, SpendBook, CtrBook],
  exports: [SETTLEMENT_QUEUE, ExposureStore, SettlementProgress, SpendBook, CtrBook],
})
export class DeliveryModule implements OnApplicationShutdown {
  constructor(@Inject(SETTLEMENT_QUEUE) private readonly queue: SettlementQueue) {}

  async onApplicationShutdown(): Promise<void> {
    await this.queue.close();
  }
}
