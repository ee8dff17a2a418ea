import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';

/**
 * A server's password, made up once and kept for the owner only. Safe to put into a URL or a configuration file as it
 * is. Only the data directory's owner may call this: nothing guards against two that write at once.
 */
export async function keptPassword(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const password = randomBytes(24).toString('hex');
  // The file appears complete or not at all, so that a crash in mid-write cannot lock the data away.
  await writeFile(`${path}.new`, `${password}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
  return password;
}
