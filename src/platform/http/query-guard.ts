import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/internal';
import type { FastifyRequest } from 'fastify';
import { invalid } from '../app-error.js';
import { joinPath } from './field-path.js';
import { MAX_FAULTS } from './read-fields.js';

/**
 * Refuses every filter of a route that reads none; of the others, the validation pipe refuses those that are unknown. Public
 * routes take any: addresses that are passed on collect parameters.
 */
export class QueryGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { url, query, routeOptions } = context.switchToHttp().getRequest<FastifyRequest>();
    if (!url.includes('?') || routeOptions.config.access === 'public' || readsQuery(context)) return true;
    const names = Object.keys(query as object).slice(0, MAX_FAULTS);
    if (names.length === 0) return true;
    throw invalid(names.map((name) => ({ path: joinPath('', name), message: 'is not a known filter' })));
  }
}

function readsQuery(context: ExecutionContext): boolean {
  const read = Reflect.getMetadata(ROUTE_ARGS_METADATA, context.getClass(), context.getHandler().name) as
    object | undefined;
  return Object.keys(read ?? {}).some((key) => key.startsWith(`${RouteParamtypes.QUERY}:`));
}
