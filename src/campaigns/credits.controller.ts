import { Body, Controller, Get, Header, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type Actor, CurrentActor, Identity, Roles } from '../access/access.api.js';
import type { RequestIdentity } from '../platform/database/once.js';
import { ApiIdempotencyKey } from '../platform/http/api-headers.js';
import { Now } from '../platform/http/now.js';
import { type Page, PageQuery } from '../platform/http/page.js';
import { CreditsService } from './credits.service.js';
import { BalanceDto, CreateCreditDto, CreditDto } from './dto/credit.dto.js';
import { type TransferDto, TransferPageDto } from './dto/ledger.dto.js';
import { CreateRefundDto, RefundDto } from './dto/refund.dto.js';
import { RefundsService } from './refunds.service.js';

@ApiTags('Advertisers')
@Controller('v1/advertisers/:id')
@Roles('admin', 'advertiser')
export class CreditsController {
  constructor(
    private readonly credits: CreditsService,
    private readonly refunds: RefundsService,
  ) {}

  @Post('credits')
  @Roles('admin')
  @ApiOperation({
    summary: 'Credit a payment to an advertiser',
    description:
      'Idempotent by `reference`: the same reference with the same amount and reason gets the first answer again, with ' +
      'others 409 `reference_reused`. For admin keys.',
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

  @Post('refunds')
  @Roles('admin')
  @ApiOperation({
    summary: 'Give charged money back to an advertiser',
    description:
      'At most what was charged in the scope that is named (a campaign, an ad group, a local day, or all), less earlier ' +
      'refunds that overlap it. Budgets count charges, so a refund raises the balance and makes no room in a budget. ' +
      'Idempotent by `reference`: the same refund gets the first answer again, another one 409 `reference_reused`. ' +
      'For admin keys.',
  })
  @ApiIdempotencyKey()
  @ApiCreatedResponse({ type: RefundDto, description: 'The money is given back, by this request or an earlier one.' })
  refund(
    @Param('id') id: string,
    @Body() dto: CreateRefundDto,
    @Identity() identity: RequestIdentity,
  ): Promise<RefundDto> {
    return this.refunds.refund(id, dto, identity);
  }

  @Get('ledger')
  @ApiOperation({ summary: 'List the credits, charges and refunds of an advertiser' })
  @ApiOkResponse({ type: TransferPageDto, description: 'One page of transfers.' })
  ledger(@CurrentActor() actor: Actor, @Param('id') id: string, @Query() query: PageQuery): Promise<Page<TransferDto>> {
    return this.credits.ledger(actor, id, query);
  }

  @Get('balance')
  @Header('content-type', 'application/json; charset=utf-8')
  @ApiOperation({ summary: 'Read what an advertiser has paid in, spent, and left' })
  @ApiOkResponse({ type: BalanceDto, description: 'The balance; the two sums may be larger than 2^53.' })
  balance(@CurrentActor() actor: Actor, @Param('id') id: string, @Now() now: number): Promise<string> {
    return this.credits.balance(actor, id, now);
  }
}
