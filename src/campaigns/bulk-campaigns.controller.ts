import type { Readable } from 'node:stream';
import { Controller, HttpCode, Post, StreamableFile } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { type Actor, CurrentActor, Identity, Roles } from '../access/access.api.js';
import type { RequestIdentity } from '../platform/database/once.js';
import { addRouteConfig } from '../platform/http/add-route-config.js';
import { ApiIdempotencyKey } from '../platform/http/api-headers.js';
import { NDJSON, NdjsonBody } from '../platform/http/ndjson.js';
import { BulkCampaigns } from './bulk-campaigns.service.js';

@ApiTags('Campaigns')
@Controller('v1/campaigns')
@Roles('admin', 'advertiser')
export class BulkCampaignsController {
  constructor(private readonly bulk: BulkCampaigns) {}

  @Post('bulk')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Create many campaigns',
    description:
      'One campaign a line, with its ad groups and creatives, as for a single one; each line is created or rejected on its ' +
      'own. The answer comes while you send, one result a line in the same order: read it meanwhile. With an ' +
      '`Idempotency-Key` (at most 240 characters here) you may send the whole upload again: no line is created twice.',
  })
  @ApiIdempotencyKey()
  @addRouteConfig({ takesNdjson: true })
  @ApiConsumes(NDJSON)
  @ApiProduces(NDJSON)
  @ApiBody({ schema: { type: 'string', description: 'At most 10,000 lines of at most 1 MiB each' } })
  @ApiOkResponse({
    description: 'One result a line',
    content: {
      [NDJSON]: {
        schema: {
          type: 'string',
          example:
            '{"line":1,"status":"created","id":"cmp_01KAN2ZAB3C5D7E9F1G3H5J7K9"}\n' +
            '{"line":2,"status":"rejected","code":"invalid_request","errors":[{"path":"name","message":"is required"}]}\n',
        },
      },
    },
  })
  create(
    @NdjsonBody() upload: Readable,
    @CurrentActor() actor: Actor,
    @Identity() identity: RequestIdentity,
  ): StreamableFile {
    return new StreamableFile(this.bulk.create(upload, actor, identity), { type: NDJSON });
  }
}
