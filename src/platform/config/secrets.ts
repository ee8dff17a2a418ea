import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CannotStart } from '../cannot-start.js';
import { type Config, isSecret, type TokenSecret } from './config.js';

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

/** The file appears complete or not at all, and is never replaced: of processes that start at once, all get the same. */
async function keptSecret(dataDir: string, name: string, prefix: string): Promise<string> {
  const path = join(dataDir, name);
  const kept = await readSecret(path);
  if (kept !== null) return kept;
  await mkdir(dataDir, { recursive: true });
  const draft = `${path}.${randomBytes(6).toString('hex')}.new`;
  try {
    await writeFile(draft, prefix + randomBytes(24).toString('base64url'), { flag: 'wx', mode: 0o600, flush: true });
    await link(draft, path);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  } finally {
    await rm(draft, { force: true });
  }
  return (await readSecret(path)) ?? keptSecret(dataDir, name, prefix);
}

/** Null when there is none yet. */
async function readSecret(path: string): Promise<string | null> {
  let content: string;
  try {
    await chmod(path, 0o600);
    content = (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
    return null;
  }
  if (!isSecret(content)) throw new CannotStart(`The file ${path} holds no usable secret. Remove it to get a new one.`);
  return content;
}

function hasCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code;
}
