import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Roles } from '../../access/access.api.js';
import { Now } from '../../platform/http/now.js';
import { AuditDto } from './audit.dto.js';
import { AuditsService } from './audits.service.js';

@ApiTags('Operations')
@Controller('v1/ops/audit')
@Roles('admin')
export class AuditController {
  constructor(private readonly audits: AuditsService) {}

  @Get()
  @ApiOperation({
    summary: 'Check what must always hold',
    description:
      'Checks on one snapshot of the database that ledger, balances, budgets, events and reports agree, and that no member ' +
      'saw more than the caps of creatives, ad groups, campaigns, advertisers and placements and the load rules of ' +
      'placements allow. It reads all events, which takes some ten seconds for a million of them. For admin keys.',
  })
  @ApiOkResponse({ type: AuditDto, description: 'What was found; `isSound` tells whether no rule is broken.' })
  read(@Now() now: number): Promise<AuditDto> {
    return this.audits.audit(now);
  }
}
