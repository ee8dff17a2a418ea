import { Module } from '@nestjs/common';
import { ProfilesModule } from '../profiles/profiles.module.js';
import { AdGroupsController } from './ad-groups.controller.js';
import { AdGroupsService } from './ad-groups.service.js';
import { AdvertisersController } from './advertisers.controller.js';
import { AdvertisersService } from './advertisers.service.js';
import { BulkCampaignsController } from './bulk-campaigns.controller.js';
import { BulkCampaigns } from './bulk-campaigns.service.js';
import { CampaignCreation } from './campaign-creation.service.js';
import { AdGroupSource, CreativeDirectory } from './campaigns.api.js';
import { CampaignsController } from './campaigns.controller.js';
import { CampaignsService } from './campaigns.service.js';
import { CreativesController } from './creatives.controller.js';
import { CreativesService } from './creatives.service.js';
import { CreditsController } from './credits.controller.js';
import { CreditsService } from './credits.service.js';
import { RefundsService } from './refunds.service.js';
import { StoredAdGroups } from './stored-ad-groups.service.js';
import { StoredCreatives } from './stored-creatives.service.js';
import { TargetingReferences } from './targeting-references.js';

/** The advertisers' side of the API. It needs the ports of profiles, and offers `AdGroupSource` and `CreativeDirectory` to others. */
@Module({
  imports: [ProfilesModule],
  controllers: [
    AdvertisersController,
    CreditsController,
    BulkCampaignsController,
    CampaignsController,
    AdGroupsController,
    CreativesController,
  ],
  providers: [
    AdvertisersService,
    CreditsService,
    RefundsService,
    CampaignCreation,
    BulkCampaigns,
    CampaignsService,
    AdGroupsService,
    CreativesService,
    TargetingReferences,
    { provide: AdGroupSource, useClass: StoredAdGroups },
    { provide: CreativeDirectory, useClass: StoredCreatives },
  ],
  exports: [AdGroupSource, CreativeDirectory],
})
export class CampaignsModule {}
