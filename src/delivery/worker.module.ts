import { Module } from '@nestjs/common';
import { RUNTIME_CONFIG, type RuntimeConfig } from '../platform/platform.module.js';
import { BullJobQueue } from '../platform/queue/bull-job-queue.js';
import { ExposureWriter } from './exposure/exposure-writer.js';
import { BatchParking } from './settlement/batch-parking.js';
import { SETTLEMENT_QUEUE, SETTLEMENT_QUEUE_NAME, type SettlementJob } from './settlement/settlement-job.js';
import { Settlement } from './settlement/settlement.js';
import { SettlementProcessor } from './settlement/settlement.processor.js';
import { CLICK_LIMITS, clickLimitsOf } from './traffic/click-limits.js';

/** The worker's role: settles event batches. */
@Module({
  providers: [
    {
      provide: SETTLEMENT_QUEUE,
      inject: [RUNTIME_CONFIG],
      useFactory: (config: RuntimeConfig) => new BullJobQueue<SettlementJob>(SETTLEMENT_QUEUE_NAME, config.redisUrl),
    },
    { provide: CLICK_LIMITS, inject: [RUNTIME_CONFIG], useFactory: clickLimitsOf },
    ExposureWriter,
    BatchParking,
    Settlement,
    SettlementProcessor,
  ],
})
export class WorkerModule {}
