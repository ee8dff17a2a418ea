import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CampaignsModule } from '../campaigns/campaigns.module.js';
import { DeliveryModule } from '../delivery/delivery.module.js';
import { ProfilesModule } from '../profiles/profiles.module.js';
import { TrackingModule } from '../tracking/tracking.module.js';
import { ExplainController } from './explain/explain.controller.js';
import { ExplainService } from './explain/explain.service.js';
import { CapReach } from './match/cap-reach.js';
import { Decider } from './match/decider.js';
import { DecisionPromises } from './match/decision-promises.js';
import { DecisionWriter } from './match/decision-writer.js';
import { MatchBatchController } from './match/match-batch.controller.js';
import { MatchController } from './match/match.controller.js';
import { MatchService } from './match/match.service.js';
import { PlacementEntity } from './placements/placement.entity.js';
import { PlacementsController } from './placements/placements.controller.js';
import { PlacementsService } from './placements/placements.service.js';
import { CtrUpkeep } from './upkeep/ctr-upkeep.js';
import { IndexUpkeep } from './upkeep/index-upkeep.js';
import { LiveIndex } from './upkeep/live-index.js';

@Module({
  imports: [
    CampaignsModule,
    DeliveryModule,
    ProfilesModule,
    TrackingModule,
    TypeOrmModule.forFeature([PlacementEntity]),
  ],
  controllers: [MatchController, MatchBatchController, ExplainController, PlacementsController],
  providers: [
    LiveIndex,
    IndexUpkeep,
    CtrUpkeep,
    PlacementsService,
    CapReach,
    DecisionPromises,
    DecisionWriter,
    Decider,
    MatchService,
    ExplainService,
  ],
})
export class ServingModule {}
