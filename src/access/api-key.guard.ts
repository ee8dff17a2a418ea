import { timingSafeEqual } from 'node:crypto';
import { type CanActivate, type ExecutionContext, Inject, Injectable, type Type } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../platform/app-error.js';
import { ROUTE_ROLES } from '../platform/http/route-access.js';
import { RUNTIME_CONFIG, type RuntimeConfig } from '../platform/platform.module.js';
import type { Actor, Role } from './access.api.js';
import { hashKey, hasKeyForm, readBearer } from './api-key.js';
import { ApiKeysService } from './api-keys.service.js';

type Handler = ReturnType<ExecutionContext['getHandler']>;
/** What a route says of who may call it; undefined where it says nothing, which refuses all. */
type RouteAccess = 'public' | readonly Role[] | undefined;

const CONFIGURED_ADMIN: Actor = { keyId: 'admin', role: 'admin', advertiserId: null };

/**
 * Stands before every route: who calls, and may they call this? Why a key was refused is not told beyond "not known or
 * revoked", so that nobody can feel their way to a good one.
 */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  private readonly adminKeyHash: Buffer;
  // Reflection on each request would cost more than the check itself.
  private readonly accessByRoute = new WeakMap<Type, WeakMap<Handler, RouteAccess>>();

  constructor(
    private readonly apiKeys: ApiKeysService,
    private readonly reflector: Reflector,
    @Inject(RUNTIME_CONFIG) config: RuntimeConfig,
  ) {
    this.adminKeyHash = hashKey(config.secrets.adminKey);
  }

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const access = this.accessOf(context.getClass(), context.getHandler());
    if (access === 'public') return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const found = this.actorOf(request);
    if (found instanceof Promise) return found.then((actor) => admit(request, actor, access));
    return admit(request, found, access);
  }

  /** The configured admin key needs no database: it must work before there are others, and while there is none. */
  private actorOf(request: FastifyRequest): Actor | null | Promise<Actor | null> {
    const key = readBearer(request.headers.authorization);
    if (key === null) throw missingKey();
    const keyHash = hashKey(key);
    if (timingSafeEqual(keyHash, this.adminKeyHash)) return CONFIGURED_ADMIN;
    return hasKeyForm(key) ? this.apiKeys.keys.check(keyHash) : null;
  }

  private accessOf(controller: Type, handler: Handler): RouteAccess {
    let byHandler = this.accessByRoute.get(controller);
    if (byHandler === undefined) this.accessByRoute.set(controller, (byHandler = new WeakMap()));
    if (!byHandler.has(handler)) {
      byHandler.set(handler, this.reflector.getAllAndOverride<RouteAccess>(ROUTE_ROLES, [handler, controller]));
    }
    return byHandler.get(handler);
  }
}

function admit(request: FastifyRequest, actor: Actor | null, roles: readonly Role[] = []): true {
  if (actor === null) throw unknownKey();
  if (!roles.includes(actor.role)) throw roleNotAllowed(actor.role, roles);
  request.actor = actor;
  return true;
}

// The forms of the challenge: RFC 6750, section 3.
function missingKey(): AppError {
  const detail = "Send your API key in the header 'Authorization: Bearer <key>'.";
  return new AppError(401, 'unauthorized', detail, [], { 'www-authenticate': 'Bearer realm="matchum"' });
}

function unknownKey(): AppError {
  const challenge = 'Bearer realm="matchum", error="invalid_token"';
  return new AppError(401, 'unauthorized', 'The API key is not known or was revoked.', [], {
    'www-authenticate': challenge,
  });
}

function roleNotAllowed(role: Role, roles: readonly Role[]): AppError {
  const allowed = roles.length === 0 ? 'no key may' : `it takes a key with the role ${roles.join(' or ')}`;
  return new AppError(403, 'role_not_allowed', `A key with the role ${role} may not call this; ${allowed}.`);
}
