import { performance } from 'node:perf_hooks';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AppError } from '../app-error.js';
import type { Clock } from '../clock.js';
import { INSTANT_MESSAGE, parseInstant } from './fields.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The request's time, epoch ms: when it was there with its body, or what `X-Simulated-Time` says. */
    arrivedAt: number;
    /** When its head arrived, by `performance.now()`: for how long something takes, which simulated time does not tell. */
    arrivedTick: number;
  }
}

export const SIMULATED_TIME_HEADER = 'x-simulated-time';

/**
 * Fixes each request's time. Its body may come long after its head, and what it changes is in force from then on: a limit
 * that was dated by the head would be held against what was rightly done meanwhile. (A streamed body is there as it begins.)
 */
export function registerRequestTime(fastify: FastifyInstance, clock: Clock): void {
  fastify.decorateRequest('arrivedAt', 0);
  fastify.decorateRequest('arrivedTick', 0);
  fastify.addHook('onRequest', (request, _reply, done) => {
    request.arrivedTick = performance.now();
    const header = request.headers[SIMULATED_TIME_HEADER];
    if (header === undefined) {
      request.arrivedAt = clock.observe(null);
      return done();
    }
    if (!clock.simulated) {
      const detail = 'X-Simulated-Time is understood only by a server that was started with CLOCK=simulated.';
      return done(new AppError(400, 'simulated_time_refused', detail));
    }
    const time = parseInstant(header);
    if (time === null) {
      return done(new AppError(400, 'malformed_request', `The header X-Simulated-Time ${INSTANT_MESSAGE}.`));
    }
    request.arrivedAt = clock.observe(time);
    done();
  });
  fastify.addHook('preValidation', (request, _reply, done) => {
    if (request.headers[SIMULATED_TIME_HEADER] === undefined) request.arrivedAt = clock.observe(null);
    done();
  });
}

/** The request's time in epoch milliseconds. */
export const Now = createParamDecorator((_data: unknown, context: ExecutionContext): number => {
  return context.switchToHttp().getRequest<FastifyRequest>().arrivedAt;
});

/** When the request's head arrived, by `performance.now()`. */
export const ArrivedTick = createParamDecorator((_data: unknown, context: ExecutionContext): number => {
  return context.switchToHttp().getRequest<FastifyRequest>().arrivedTick;
});
