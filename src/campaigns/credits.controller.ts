import { Body, Controller, Get, Header, Param, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type Actor, CurrentActor, Identity, Roles } from '../access/access.api.js';
import type { RequestIdentity } from '../platform/database/once.js';
import { Now } from '../platform/http/now.js';
import { CreditsService } from './credits.service.js';
import { ApiIdempotencyKey } from './dto/api-headers.js';
import { BalanceDto, CreateCreditDto, CreditDto } from './dto/credit.dto.js';

@ApiTags('Advertisers')
@Controller('v1/advertisers/:id')
@Roles('admin', 'advertiser')
export class CreditsController {
  constructor(private readonly credits: CreditsService) {}

  @Post('credits')
  @Roles('admin')
  @ApiOperation({
    summary: 'Credit a payment to an advertiser',
    description:
      'Idempotent by `reference`: the same reference with the same amount gets the first answer again, with another ' +
      'amount 409 `reference_reused`. For admin keys.',
  })
  @ApiIdempotencyKey()
  @ApiCreatedResponse({ type: CreditDto, description: 'The payment is credited, by this request or an earlier one.' })
  credit(
    @Param('id') id: string,
    @Body() dto: CreateCreditDto,
    @Identity() identity: RequestIdentity,
  ): Promise<CreditDto> {
    return this.credits.credit(id, dto, identity);
  }

  @Get('balance')
  @Header('content-type', 'application/json; charset=utf-8')
  @ApiOperation({ summary: 'Read what an advertiser has paid in, spent, and left' })
  @ApiOkResponse({ type: BalanceDto, description: 'The balance; the two sums may be larger than 2^53.' })
  balance(@CurrentActor() actor: Actor, @Param('id') id: string, @Now() now: number): Promise<string> {
    return this.credits.balance(actor, id, now);
  }
}
