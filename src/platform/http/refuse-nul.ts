import type { FastifyInstance } from 'fastify';
import { malformed } from '../app-error.js';

/** No id or filter can hold a NUL character, which Postgres can't store: refused here, once for all paths and queries. */
export function registerNulRefusal(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    const found = request.url.includes('%00');
    done(
      found
        ? malformed([{ path: '', message: 'must not hold NUL characters' }], 'The address is malformed.')
        : undefined,
    );
  });
}
