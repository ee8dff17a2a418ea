import { Module } from '@nestjs/common';
import { CampaignsModule } from '../campaigns/campaigns.module.js';
import { DeliveryModule } from '../delivery/delivery.module.js';
import { RUNTIME_CONFIG, type RuntimeConfig } from '../platform/platform.module.js';
import { DecisionTokens } from './decision-token.js';
import { EventReports } from './event-reports.js';
import { EventIntake } from './event-intake.js';
import { IntakeMark } from './intake-mark.js';
import { EventsController } from './events.controller.js';
import { RejectedTraffic } from './rejected-traffic.js';
import { TrackingLinksController } from './tracking-links.controller.js';

@Module({
  imports: [CampaignsModule, DeliveryModule],
  controllers: [EventsController, TrackingLinksController],
  providers: [
    {
      provide: DecisionTokens,
      inject: [RUNTIME_CONFIG],
      useFactory: (config: RuntimeConfig) => new DecisionTokens(config.secrets.tokenSecrets),
    },
    IntakeMark,
    EventIntake,
    EventReports,
    RejectedTraffic,
  ],
  exports: [DecisionTokens],
})
export class TrackingModule {}
