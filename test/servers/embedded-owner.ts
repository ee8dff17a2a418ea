import { EmbeddedServers } from '../../src/platform/embedded/embedded-servers.js';

/**
 * A process that owns embedded servers, for tests to kill. Arguments: the data directory, and
 * `postgres` for a database beside the Redis. Prints their addresses as one line of JSON and stays.
 */
const [, , dataDir = '', postgres] = process.argv;
const servers = await EmbeddedServers.start({
  dataDir,
  log: console,
  postgres: postgres === 'postgres',
  redis: true,
  durable: false,
});
console.log(JSON.stringify({ databaseUrl: servers.databaseUrl, redisUrl: servers.redisUrl }));
setInterval(() => undefined, 60_000);
