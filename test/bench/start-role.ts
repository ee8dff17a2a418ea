import { fileURLToPath } from 'node:url';
import { findFreePort } from '../../src/platform/embedded/free-port.js';
import { ServerProcess } from './http/server-process.js';

/** What the benchmarks' processes and clients share. */
export const KEY = 'mk_admin_of_the_benchmark';
export const SECRET = { keyId: 'k1', secret: 'a-secret-of-the-benchmark-that-is-long-enough' };

/** One process of the built product, ready, on whichever core is free; it takes events however far settlement is behind. */
export async function startRole(role: 'api' | 'worker', databaseUrl: string, redisUrl: string): Promise<ServerProcess> {
  const port = await findFreePort();
  const main = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));
  const env = {
    ROLE: role,
    PORT: String(port),
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    ADMIN_KEY: KEY,
    TOKEN_SECRETS: `${SECRET.keyId}:${SECRET.secret}`,
    MAX_UNSETTLED_EVENTS: '100000000',
    LOG_LEVEL: 'warn',
  };
  const command = [process.execPath, '--max-semi-space-size=64', main];
  return ServerProcess.start(command, { port, path: '/health/ready', core: null, env });
}
