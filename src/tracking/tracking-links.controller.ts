import { Controller, Get, Header, Logger, Param, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CreativeDirectory } from '../campaigns/campaigns.api.js';
import { AppError } from '../platform/app-error.js';
import { Now } from '../platform/http/now.js';
import { Public } from '../platform/http/route-access.js';
import { DecisionTokens, type Placed } from './decision-token.js';
import { EventIntake } from './event-intake.js';
import { type EventType, verifyEvent } from './verified-event.js';

/** A transparent GIF of one pixel. */
const PIXEL = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');

/** Impressions and clicks for clients without a backend: an image and a redirect. */
@ApiExcludeController()
@Controller('t')
@Public()
export class TrackingLinksController {
  private readonly logger = new Logger(TrackingLinksController.name);

  constructor(
    private readonly tokens: DecisionTokens,
    private readonly intake: EventIntake,
    private readonly creatives: CreativeDirectory,
  ) {}

  @Get('i/:token')
  @Header('cache-control', 'no-store')
  async impression(@Param('token') token: string, @Now() now: number, @Res() reply: FastifyReply): Promise<void> {
    this.placedOf(token);
    await this.accept('impression', token, now);
    await reply.type('image/gif').send(PIXEL);
  }

  /** The person who clicked gets to the page in any case: whether the click still counts is not their affair. */
  @Get('c/:token')
  @Header('cache-control', 'no-store')
  async click(@Param('token') token: string, @Now() now: number, @Res() reply: FastifyReply): Promise<void> {
    const { creativeId } = this.placedOf(token);
    const [landingUrl] = await Promise.all([
      this.creatives.landingUrl(creativeId),
      this.accept('click', token, now).catch((error: Error) => {
        this.logger.warn({ msg: 'a click was not counted', reason: error.message });
      }),
    ]);
    if (landingUrl === null) throw unknownLink();
    await reply.redirect(landingUrl, 302);
  }

  private placedOf(token: string): Placed {
    const placed = this.tokens.verify(token);
    if (placed === null) throw unknownLink();
    return placed;
  }

  private async accept(type: EventType, token: string, now: number): Promise<void> {
    const event = verifyEvent({ type, token }, this.tokens, now);
    if (typeof event !== 'string') await this.intake.submit([event]);
  }
}

function unknownLink(): AppError {
  return new AppError(404, 'invalid_token', 'This link is not one of ours.');
}
