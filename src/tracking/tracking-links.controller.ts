import { Controller, Get, Header, Logger, Param, Req, Res } from '@nestjs/common';
import { ApiFoundResponse, ApiOkResponse, ApiOperation, ApiParam, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RefusalReason } from '../core/traffic/invalid-reason.js';
import { CreativeDirectory } from '../campaigns/campaigns.api.js';
import { AppError } from '../platform/app-error.js';
import { Public } from '../platform/http/route-access.js';
import { Metrics } from '../platform/metrics/metrics.js';
import { DecisionTokens, type Placed } from './decision-token.js';
import { type Arrival, EventReports } from './event-reports.js';
import { isKnownBot, isPrefetch } from './known-bots.js';

/** A transparent GIF of one pixel. */
const PIXEL = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');

const TOKEN = { name: 'token', description: '`token` of a message; `impressionUrl` and `clickUrl` hold it already' };

type LinkType = 'impression' | 'click';

/** Impressions and clicks for clients without a backend: an image and a redirect. */
@ApiTags('Events')
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
  @ApiOperation({
    summary: 'Reports an impression by an image',
    description:
      '`impressionUrl` of a message, for clients without a backend: shown with the message, it counts as an impression that is ' +
      'reported to `POST /v1/events`. The image comes for bots, prefetches and repeats, too, and these do not count. 404 ' +
      '`invalid_token` for a link that is none of ours.',
  })
  @ApiParam(TOKEN)
  @ApiProduces('image/gif')
  @ApiOkResponse({ schema: { type: 'string', format: 'binary' }, description: 'A transparent GIF of one pixel.' })
  @Header('cache-control', 'no-store')
  async impression(
    @Param('token') token: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.take('impression', token, request).counted;
    await reply.type('image/gif').send(PIXEL);
  }

  /**
   * Whether the click counts is not the affair of the person who clicked: the page opens all the same. Only where nobody can
   * tell the page (the creative is under review again, Postgres is away) is there an error.
   */
  @Get('c/:token')
  @ApiOperation({
    summary: "Reports a click and opens the message's landing page",
    description:
      '`clickUrl` of a message, for clients without a backend: it counts as a click that is reported to `POST /v1/events`. The ' +
      'page opens for bots, prefetches and repeats, too, and these do not count. 404 `invalid_token` for a link that is none of ' +
      'ours, or whose creative does not serve any more.',
  })
  @ApiParam(TOKEN)
  @ApiFoundResponse({
    description: 'The landing page is opened.',
    headers: {
      Location: {
        description: 'Address of the landing page',
        schema: { type: 'string', example: 'https://example.com/ev' },
      },
    },
  })
  @Header('cache-control', 'no-store')
  async click(
    @Param('token') token: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { placed, counted } = this.take('click', token, request);
    const [landingUrl] = await Promise.all([this.creatives.landingUrl(placed.creativeId), counted]);
    if (landingUrl === null) throw unknownLink();
    // A header holds ASCII only: Korean hosts and paths go out encoded.
    await reply.redirect(new URL(landingUrl).href, 302);
  }

  /** What is no member gets the image or the page, and is no event. Throws for a token that is none of ours. */
  private take(type: LinkType, token: string, request: FastifyRequest): { placed: Placed; counted: Promise<void> } {
    const arrival = { now: request.arrivedAt, tick: request.arrivedTick };
    const placed = this.tokens.verify(token);
    const reason = refusalReason(placed, request);
    if (reason !== null) this.reports.refuse({ type, placed }, reason, arrival);
    if (placed === null) throw unknownLink();
    return { placed, counted: reason === null ? this.count(type, token, arrival) : Promise.resolve() };
  }

  /** A link has nobody who would send it again: what can't be taken is told in the metrics. */
  private async count(type: LinkType, token: string, arrival: Arrival): Promise<void> {
    try {
      await this.reports.take([{ type, token }], arrival);
    } catch (error) {
      this.uncounted.inc({ type });
      // While intake is closed, every link would say it.
      if (error instanceof AppError && error.status === 503) return;
      this.logger.warn({ msg: 'a tracking link was not counted', type, reason: (error as Error).message });
    }
  }
}

function refusalReason(placed: Placed | null, { headers }: FastifyRequest): RefusalReason | null {
  if (placed === null) return 'invalid_token';
  if (isKnownBot(headers['user-agent'])) return 'bot';
  return isPrefetch(headers) ? 'prefetch' : null;
}

function unknownLink(): AppError {
  return new AppError(404, 'invalid_token', 'This link is not one of ours.');
}
