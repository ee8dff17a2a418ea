import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config, TokenSecret } from './config.js';

export interface Secrets {
  readonly adminKey: string;
  readonly tokenSecrets: readonly TokenSecret[];
}

/** Those that the configuration leaves out are generated once and kept under the data directory, for the owner only. */
export async function loadSecrets(config: Config): Promise<Secrets> {
  const tokenSecrets = config.tokenSecrets ?? [
    { keyId: 'k1', secret: await keptSecret(config.dataDir, 'token-secret', '') },
  ];
  return { adminKey: config.adminKey ?? (await keptSecret(config.dataDir, 'admin-key', 'mk_admin_')), tokenSecrets };
}

async function keptSecret(dataDir: string, name: string, prefix: string): Promise<string> {
  const path = join(dataDir, name);
  await mkdir(dataDir, { recursive: true });
  try {
    // Exclusive creation: of two processes that start at once, one writes and the other reads.
    await writeFile(path, prefix + randomBytes(24).toString('base64url'), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  await chmod(path, 0o600);
  return (await readFile(path, 'utf8')).trim();
}
