import { Module } from '@nestjs/common';
import { RUNTIME_CONFIG, type RuntimeConfig } from '../platform/platform.module.js';
import { BullJobQueue } from '../platform/queue/bull-job-queue.js';
import { DayShapes } from './pacing/day-shapes.js';
import { PACING_QUEUE, PACING_QUEUE_NAME, type PacingJob } from './pacing/pacing-job.js';
import { PacingProcessor } from './pacing/pacing-processor.js';
import { PacingStep } from './pacing/pacing-step.js';
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
    {
      provide: PACING_QUEUE,
      inject: [RUNTIME_CONFIG],
      useFactory: (config: RuntimeConfig) => new BullJobQueue<PacingJob>(PACING_QUEUE_NAME, config.redisUrl),
    },
    ExposureWriter,
    BatchParking,
    Settlement,
    SettlementProcessor,
    DayShapes,
    PacingStep,
    PacingProcessor,
  ],
})
export class WorkerModule {}
