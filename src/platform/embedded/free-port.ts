import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Below the range that systems take outgoing ports from (Linux: from 32768): while a server restarts, a client's next
 * attempt could otherwise be given the server's own port, connect to itself and keep the server from coming back.
 */
const LOWEST = 15_000;
const HIGHEST = 30_000;
const MOST_ATTEMPTS = 200;

/** A port of the loopback interface on which nothing listens now; another process may still be quicker. */
export async function findFreePort(): Promise<number> {
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
    const port = randomInt(LOWEST, HIGHEST);
    if (await isFree(port)) return port;
  }
  throw new Error(`No free port found between ${LOWEST} and ${HIGHEST}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
