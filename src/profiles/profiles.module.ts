import { Module } from '@nestjs/common';
import { AudiencesController } from './audiences.controller.js';
import { AudiencesService } from './audiences.service.js';
import { BatchedProfileSource } from './batched-profile-source.js';
import { CachedProfileSource } from './cached-profile-source.js';
import { PostgresAudienceDirectory } from './postgres-audience-directory.js';
import { PostgresSegmentCatalogue } from './postgres-segment-catalogue.js';
import { ProfileChanges } from './profile-changes.js';
import { ProfileStore } from './profile-store.js';
import { AudienceDirectory, ProfileSource, SegmentCatalogue } from './profiles.api.js';
import { ProfilesController } from './profiles.controller.js';
import { ProfilesService } from './profiles.service.js';
import { SegmentsController } from './segments.controller.js';
import { SegmentsService } from './segments.service.js';
import { SignalsController } from './signals.controller.js';
import { SignalsService } from './signals.service.js';

const ports = [
  { provide: ProfileSource, useClass: CachedProfileSource },
  { provide: SegmentCatalogue, useClass: PostgresSegmentCatalogue },
  { provide: AudienceDirectory, useClass: PostgresAudienceDirectory },
];

/** Interest profiles, the catalogue of segments, signals and audiences. */
@Module({
  controllers: [ProfilesController, SegmentsController, SignalsController, AudiencesController],
  providers: [
    ProfileStore,
    ProfileChanges,
    BatchedProfileSource,
    ProfilesService,
    SegmentsService,
    SignalsService,
    AudiencesService,
    ...ports,
  ],
  exports: ports,
})
export class ProfilesModule {}
