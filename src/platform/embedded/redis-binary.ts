import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The servers that will do, in order of preference: Valkey speaks Redis's protocol and takes its settings. */
export const REDIS_BINARIES = ['redis-server', 'valkey-server'] as const;

/** The full path of the first one on the PATH, or null. */
export async function findRedisBinary(): Promise<string | null> {
  for (const name of REDIS_BINARIES) {
    try {
      const { stdout } = await run('/bin/sh', ['-c', `command -v ${name}`]);
      return stdout.trim();
    } catch {
      continue;
    }
  }
  return null;
}
