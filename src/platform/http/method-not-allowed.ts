import type { FastifyInstance } from 'fastify';
import { AppError } from '../app-error.js';

interface KnownPath {
  readonly form: RegExp;
  readonly methods: Set<string>;
}

/** Their GET counts and charges, and a HEAD must change nothing: it is refused like a method that they do not take. */
const TRACKING_LINK = /^\/t\//;

/** Tells a wrong method from a wrong path: 405 with `Allow` where the path is known by another method. */
export function registerMethodNotAllowed(fastify: FastifyInstance): void {
  const paths = new Map<string, KnownPath>();
  fastify.addHook('onRoute', ({ url, method }) => {
    const known = paths.get(url) ?? { form: pathForm(url), methods: new Set<string>() };
    for (const name of [method].flat()) if (!isRefusedHead(name, url)) known.methods.add(name);
    paths.set(url, known);
  });
  fastify.addHook('onRequest', (request, _reply, done) => {
    const { url = '' } = request.routeOptions;
    const isRefused = isRefusedHead(request.method, url);
    if (!request.is404 && !isRefused) return done();
    const path = isRefused ? url : (request.url.split('?', 1)[0] ?? '');
    const methods = [...paths.values()].filter(({ form }) => form.test(path)).flatMap((known) => [...known.methods]);
    if (methods.length === 0 || methods.includes(request.method)) return done();
    const allow = [...new Set(methods)].sort().join(', ');
    done(new AppError(405, 'method_not_allowed', `This path takes ${allow}.`, [], { allow }));
  });
}

/** `url`: of the route, not of the request, which may be written in other ways. */
function isRefusedHead(method: string, url: string): boolean {
  return method === 'HEAD' && TRACKING_LINK.test(url);
}

/** `/v1/campaigns/:id` as an expression; a route with a wildcard matches nothing, since it takes paths that aren't there. */
function pathForm(url: string): RegExp {
  if (url.includes('*')) return /^(?!)/;
  const escaped = url.replaceAll(/[.\\+?^${}()|[\]-]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll(/:\w+/g, '[^/]+')}/?$`);
}
