import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * Runs a TypeScript file of this project as a Node process of its own, without a build: for tests that kill processes.
 * Unless told otherwise, its standard output can be read, and what it complains about shows among the tests' own output.
 */
export function spawnTypescript(
  file: URL,
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = process.env,
  stdio: StdioOptions = ['ignore', 'pipe', 'inherit'],
): ChildProcess {
  const registration = process.env['MATCHUM_TEST_TYPESCRIPT_IMPORT'];
  if (!registration) throw new Error('MATCHUM_TEST_TYPESCRIPT_IMPORT is not set: run the tests by `npm test`');
  return spawn(process.execPath, ['--import', registration, fileURLToPath(file), ...args], {
    env: { ...env, NODE_OPTIONS: '--enable-source-maps' },
    stdio,
  });
}
