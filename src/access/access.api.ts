import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { notFound } from '../platform/app-error.js';
import type { RequestIdentity } from '../platform/database/once.js';
import { routeAccess } from '../platform/http/route-access.js';

/** What other features need to know of access: who calls, which roles a route takes, and whose data a caller may touch. */
export const ROLES = ['admin', 'advertiser', 'chat', 'analyst'] as const;
export type Role = (typeof ROLES)[number];

/** Who calls, by its API key. An advertiser's key is bound to one advertiser. */
export interface Actor {
  readonly keyId: string;
  readonly role: Role;
  readonly advertiserId: string | null;
}

declare module 'fastify' {
  interface FastifyRequest {
    actor?: Actor;
  }
}

/** The roles that may call a route. A route without it is refused for all: forgetting it can't open a door. */
export const Roles = (...roles: readonly Role[]): ClassDecorator & MethodDecorator => routeAccess(roles);

function actorOf(request: FastifyRequest): Actor {
  if (request.actor === undefined) throw new Error('The route is public: it has no actor');
  return request.actor;
}

export const CurrentActor = createParamDecorator((_data: unknown, context: ExecutionContext): Actor =>
  actorOf(context.switchToHttp().getRequest<FastifyRequest>()),
);

/** For `Once.create`: the request's key, `Idempotency-Key`, route and body. */
export const Identity = createParamDecorator((_data: unknown, context: ExecutionContext): RequestIdentity => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  const header = request.headers['idempotency-key'];
  return {
    apiKeyId: actorOf(request).keyId,
    idempotencyKey: typeof header === 'string' ? header : null,
    route: `${request.method} ${request.url}`,
    body: request.body,
    now: request.arrivedAt,
  };
});

/** Another tenant's things are not there: the answer tells nothing about what exists. */
export function requireTenant(actor: Actor, advertiserId: string, what: string, id: string): void {
  if (actor.role === 'advertiser' && actor.advertiserId !== advertiserId) throw notFound(what, id);
}
