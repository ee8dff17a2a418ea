import { rm } from 'node:fs/promises';
import type {} from './shared-servers.js';

/** After the last test: stops this run's servers and removes their files. */
export default async function globalTeardown(): Promise<void> {
  await globalThis.matchumSharedServers?.stop();
  const compiled = process.env['MATCHUM_TEST_COMPILED'];
  if (compiled) await rm(compiled, { recursive: true, force: true });
}
