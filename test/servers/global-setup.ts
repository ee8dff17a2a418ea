import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';

/**
 * Before any test: makes ts sources importable, then starts the servers that all of this run's tests share. Their
 * addresses go to the tests' processes by the environment (see shared-servers.ts).
 */
export default async function globalSetup(): Promise<void> {
  await registerTypescriptHooks();
  const { startSharedServers } = await importSource<typeof import('./shared-servers.js')>('./shared-servers.ts');
  globalThis.matchumSharedServers = await startSharedServers();
}

/** The tests' own child processes import the same URL (see typescript-process.ts). */
async function registerTypescriptHooks(): Promise<void> {
  const compilerOptions = await readCompilerOptions();
  const source = await readFile(new URL('./typescript-hooks.ts', import.meta.url), 'utf8');
  const hooks = moduleUrl(ts.transpileModule(source, { compilerOptions }).outputText);
  const cache = await mkdtemp(join(tmpdir(), 'matchum-test-compiled-'));
  process.env['MATCHUM_TEST_COMPILED'] = cache;
  const data = { projectUrl: import.meta.url, compilerOptions, cacheUrl: `${pathToFileURL(cache).href}/` };
  const settings = { parentURL: import.meta.url, data };
  const registration = moduleUrl(
    `import { register } from 'node:module'; register(${JSON.stringify(hooks)}, ${JSON.stringify(settings)});`,
  );
  await import(registration);
  process.env['MATCHUM_TEST_TYPESCRIPT_IMPORT'] = registration;
}

function moduleUrl(source: string): string {
  return `data:text/javascript;base64,${Buffer.from(source).toString('base64')}`;
}

async function readCompilerOptions(): Promise<ts.CompilerOptions> {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: object;
  };
  const { options } = ts.parseJsonConfigFileContent(config, { ...ts.sys, readDirectory: () => [] }, root);
  // File by file, the compiler cannot see that package.json makes them modules.
  return { ...options, module: ts.ModuleKind.ESNext, sourceMap: false };
}

/** Hidden from the compiler's resolution, which would not allow the suffix that Node needs here. */
function importSource<T>(path: string): Promise<T> {
  return import(new URL(path, import.meta.url).href) as Promise<T>;
}
