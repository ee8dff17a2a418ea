import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * Runs a TypeScript file of this project as a Node process of its own, without a build: for tests that kill processes.
 * Its standard output can be read; what it complains about shows among the tests' own output.
 */
export function spawnTypescript(
  file: URL,
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = process.env,
): ChildProcess {
  const registration = process.env['MATCHUM_TEST_TYPESCRIPT_IMPORT'];
  if (!registration) throw new Error('MATCHUM_TEST_TYPESCRIPT_IMPORT is not set: run the tests by `npm test`');
  return spawn(process.execPath, ['--import', registration, fileURLToPath(file), ...args], {
    env: { ...env, NODE_OPTIONS: '--enable-source-maps' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}
