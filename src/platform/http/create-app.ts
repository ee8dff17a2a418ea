import { randomUUID } from 'node:crypto';
import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type FastifyInstance, LogController } from 'fastify';
import type { Logger } from 'pino';
import { Clock } from '../clock.js';
import { PinoLoggerService } from '../logging/pino-logger.js';
import { Metrics } from '../metrics/metrics.js';
import { answerClientError, answerPathError } from './client-error.js';
import { registerJsonBody } from './json-body.js';
import { registerMethodNotAllowed } from './method-not-allowed.js';
import { registerNdjson } from './ndjson.js';
import { registerRequestTime } from './now.js';
import { ProblemFilter } from './problem.filter.js';
import { QueryGuard } from './query-guard.js';
import { registerNulRefusal } from './refuse-nul.js';
import { RequestValidationPipe } from './validation.pipe.js';

/** Longer paths carry no id of ours; a tracking token is the longest part of one. */
const MAX_PARAM_LENGTH = 2_048;

/** Builds the HTTP application around a root module; the caller decides where it listens. */
export async function createApp(root: DynamicModule, pino: Logger): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    loggerInstance: pino,
    // Fastify's own lines carry URLs, and those carry member ids and tokens.
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    ajv: {
      customOptions: {
        coerceTypes: false,
        removeAdditional: false,
        useDefaults: false,
        allErrors: false,
        // OpenAPI's word for the documentation; it checks nothing.
        keywords: ['example'],
      },
    },
    forceCloseConnections: 'idle',
    clientErrorHandler: answerClientError,
    frameworkErrors: answerPathError,
  });
  const app = await NestFactory.create<NestFastifyApplication>(root, adapter, {
    bodyParser: false,
    logger: new PinoLoggerService(pino),
    abortOnError: false,
  });
  const fastify = adapter.getInstance<FastifyInstance>();
  registerMethodNotAllowed(fastify);
  registerNulRefusal(fastify);
  registerJsonBody(fastify);
  registerNdjson(fastify);
  registerRequestTime(fastify, app.get(Clock));
  observeRequests(fastify, app.get(Metrics), pino);
  app.useGlobalGuards(new QueryGuard());
  app.useGlobalPipes(new RequestValidationPipe());
  app.useGlobalFilters(new ProblemFilter());
  return app;
}

/** One log line and one measurement a request: the route's pattern, never the address that was asked for. */
function observeRequests(fastify: FastifyInstance, metrics: Metrics, pino: Logger): void {
  fastify.addHook('onSend', (request, reply, payload, done) => {
    reply.header('x-request-id', request.id);
    done(null, payload);
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    const seconds = reply.elapsedTime / 1000;
    metrics.httpSeconds.observe({ method: request.method, route, status: String(reply.statusCode) }, seconds);
    pino.debug({ requestId: request.id, method: request.method, route, status: reply.statusCode, seconds }, 'request');
    done();
  });
}
