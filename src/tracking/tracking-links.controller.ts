import { Controller, Get, Header, Logger, Param, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CreativeDirectory } from '../campaigns/campaigns.api.js';
import { AppError } from '../platform/app-error.js';
import { ArrivedTick, Now } from '../platform/http/now.js';
import { Public } from '../platform/http/route-access.js';
import { Metrics } from '../platform/metrics/metrics.js';
import { DecisionTokens, type Placed } from './decision-token.js';
import { type Arrival, EventReports } from './event-reports.js';

/** A transparent GIF of one pixel. */
const PIXEL = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');

/** Impressions and clicks for clients without a backend: an image and a redirect. */
@ApiExcludeController()
@Controller('t')
@Public()
export class TrackingLinksController {
  private readonly logger = new Logger(TrackingLinksController.name);
  private readonly uncounted;

  constructor(
    private readonly tokens: DecisionTokens,
    private readonly reports: EventReports,
    private readonly creatives: CreativeDirectory,
    metrics: Metrics,
  ) {
    this.uncounted = metrics.counter(
      'matchum_uncounted_links_total',
      'Impressions and clicks of tracking links that could not be taken; their pages and pixels went out all the same',
      ['type'],
    );
  }

  /** An image that a page shows is not asked for again: it goes out whether or not its impression counts. */
  @Get('i/:token')
  @Header('cache-control', 'no-store')
  async impression(
    @Param('token') token: string,
    @Now() now: number,
    @ArrivedTick() tick: number,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    this.placedOf(token);
    await this.count('impression', token, { now, tick });
    await reply.type('image/gif').send(PIXEL);
  }

  /**
   * Whether the click counts is not the affair of the person who clicked: the page opens all the same. Only where nobody can
   * tell the page (the creative is under review again, Postgres is away) is there an error.
   */
  @Get('c/:token')
  @Header('cache-control', 'no-store')
  async click(
    @Param('token') token: string,
    @Now() now: number,
    @ArrivedTick() tick: number,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { creativeId } = this.placedOf(token);
    const [landingUrl] = await Promise.all([
      this.creatives.landingUrl(creativeId),
      this.count('click', token, { now, tick }),
    ]);
    if (landingUrl === null) throw unknownLink();
    // A header holds ASCII only: Korean hosts and paths go out encoded.
    await reply.redirect(new URL(landingUrl).href, 302);
  }

  /** A link has nobody who would send it again: what can't be taken is told in the metrics. */
  private async count(type: 'impression' | 'click', token: string, arrival: Arrival): Promise<void> {
    try {
      await this.reports.take([{ type, token }], arrival);
    } catch (error) {
      this.uncounted.inc({ type });
      // While intake is closed, every link would say it.
      if (error instanceof AppError && error.status === 503) return;
      this.logger.warn({ msg: 'a tracking link was not counted', type, reason: (error as Error).message });
    }
  }

  private placedOf(token: string): Placed {
    const placed = this.tokens.verify(token);
    if (placed === null) throw unknownLink();
    return placed;
  }
}

function unknownLink(): AppError {
  return new AppError(404, 'invalid_token', 'This link is not one of ours.');
}
