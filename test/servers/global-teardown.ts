import type {} from './shared-servers.js';

/** After the last test: stops this run's servers and removes their files. */
export default async function globalTeardown(): Promise<void> {
  await globalThis.matchumSharedServers?.stop();
}
