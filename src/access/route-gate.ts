import { timingSafeEqual } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { Inject, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AppError } from '../platform/app-error.js';
import { RUNTIME_CONFIG, type RuntimeConfig } from '../platform/platform.module.js';
import type { Actor } from './access.api.js';
import { hashKey, hasKeyForm, readBearer } from './api-key.js';
import { ApiKeysService } from './api-keys.service.js';

/** A body that is there so soon after its head needs no second look at the key. */
const PROMPT_MS = 100;
const CONFIGURED_ADMIN: Actor = { keyId: 'admin', role: 'admin', advertiserId: null };

/**
 * Stands before every route: who calls, and may they call this? It decides when a request's headers are there: a stranger
 * gets no body read or validated, which a Nest guard would come too late for. A route that says nothing of who may call
 * it is refused to all. Why a key was refused is not told beyond "not known or revoked", so that nobody can feel their
 * way to a good one. Where a body takes its time, the key is judged once more when it is there.
 */
@Injectable()
export class RouteGate {
  private readonly adminKeyHash: Buffer;

  constructor(
    private readonly apiKeys: ApiKeysService,
    @Inject(RUNTIME_CONFIG) config: RuntimeConfig,
    adapterHost: HttpAdapterHost,
  ) {
    this.adminKeyHash = hashKey(config.secrets.adminKey);
    const fastify = adapterHost.httpAdapter.getInstance<FastifyInstance>();
    fastify.addHook('onRequest', (request, _reply, done) => this.stop(request, done));
    // While its body was on its way the key may have been revoked.
    fastify.addHook('preValidation', (request, _reply, done) => {
      if (performance.now() - request.arrivedTick < PROMPT_MS) return done();
      this.stop(request, done);
    });
  }

  private stop(request: FastifyRequest, done: (error?: Error) => void): void {
    // A path that is not there needs no key: the documentation tells as much.
    if (request.is404) return done();
    try {
      const passed = this.pass(request);
      if (passed === undefined) return done();
      passed.then(() => done(), done);
    } catch (error) {
      done(error as Error);
    }
  }

  /** Without a promise where nothing need be asked: most requests are let through on the spot. */
  private pass(request: FastifyRequest): void | Promise<void> {
    const { access = [] } = request.routeOptions.config;
    if (access === 'public') return;
    const found = this.actorOf(request);
    if (found instanceof Promise) return found.then((actor) => admit(request, actor, access));
    admit(request, found, access);
  }

  /** The configured admin key needs no database: it must work before there are others, and while there is none. */
  private actorOf(request: FastifyRequest): Actor | null | Promise<Actor | null> {
    const key = readBearer(request.headers.authorization);
    if (key === null) throw missingKey();
    const keyHash = hashKey(key);
    if (timingSafeEqual(keyHash, this.adminKeyHash)) return CONFIGURED_ADMIN;
    return hasKeyForm(key) ? this.apiKeys.keys.check(keyHash) : null;
  }
}

function admit(request: FastifyRequest, actor: Actor | null, roles: readonly string[]): void {
  if (actor === null) throw unknownKey();
  if (!roles.includes(actor.role)) throw roleNotAllowed(actor.role, roles);
  request.actor = actor;
}

// The forms of the challenge: RFC 6750, section 3.
function missingKey(): AppError {
  const detail = "Send your API key in the header 'Authorization: Bearer <key>'.";
  return new AppError(401, 'unauthorized', detail, [], { 'www-authenticate': 'Bearer realm="matchum"' });
}

function unknownKey(): AppError {
  const challenge = 'Bearer realm="matchum", error="invalid_token"';
  const detail = 'The API key is not known or was revoked.';
  return new AppError(401, 'unauthorized', detail, [], { 'www-authenticate': challenge });
}

function roleNotAllowed(role: string, roles: readonly string[]): AppError {
  const allowed = roles.length === 0 ? 'no key may' : `it takes a key with the role ${roles.join(' or ')}`;
  return new AppError(403, 'role_not_allowed', `A key with the role ${role} may not call this; ${allowed}.`);
}
