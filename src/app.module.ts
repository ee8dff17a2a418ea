import { type DynamicModule, Module } from '@nestjs/common';
import { AccessModule } from './access/access.module.js';
import { CampaignsModule } from './campaigns/campaigns.module.js';
import { DeliveryModule } from './delivery/delivery.module.js';
import { PlatformModule, type RuntimeConfig } from './platform/platform.module.js';
import { ProfilesModule } from './profiles/profiles.module.js';
import { ReportingModule } from './reporting/reporting.module.js';
import { ServingModule } from './serving/serving.module.js';
import { TrackingModule } from './tracking/tracking.module.js';
import { WorkerModule } from './delivery/worker.module.js';

/** What runs in one process: `ROLE=api` answers requests, `ROLE=worker` settles, `ROLE=all` does both. */
@Module({})
export class AppModule {
  static forRoot(config: RuntimeConfig): DynamicModule {
    const api = [
      AccessModule,
      CampaignsModule,
      ProfilesModule,
      ServingModule,
      TrackingModule,
      DeliveryModule,
      ReportingModule,
    ];
    const worker = [WorkerModule];
    return {
      module: AppModule,
      imports: [
        PlatformModule.forRoot(config),
        ...(config.role === 'worker' ? [] : api),
        ...(config.role === 'api' ? [] : worker),
      ],
    };
  }
}
