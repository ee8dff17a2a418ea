/**
 * Module hooks that let Node import this project's TypeScript as it stands. Jest transforms its global set-up file, but
 * not what that file imports: without these hooks the set-up could not use the product's own code. Runs in Node's
 * hooks thread from a `data:` URL (see global-setup.ts), so it may import nothing but Node's own modules.
 */
import { createHash, randomUUID } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire, type InitializeHook, type LoadHook, type ResolveHook } from 'node:module';
import { fileURLToPath } from 'node:url';
import type ts from 'typescript';

interface HookSettings {
  /** A URL inside the project, from where `typescript` is found. */
  readonly projectUrl: string;
  readonly compilerOptions: ts.CompilerOptions;
  /** A directory URL, ending in a slash: what one process compiled, the next ones read, and need no compiler. */
  readonly cacheUrl: string;
}

let settings: HookSettings;

export const initialize: InitializeHook<HookSettings> = (given) => {
  settings = given;
};

/** Sources name the compiled file (`./clock.js`), which is not there: the source itself is taken instead. */
export const resolve: ResolveHook = async (specifier, context, nextResolve) => {
  if (specifier.startsWith('.') && specifier.endsWith('.js') && context.parentURL?.endsWith('.ts') === true) {
    return nextResolve(`${specifier.slice(0, -3)}.ts`, context);
  }
  return nextResolve(specifier, context);
};

export const load: LoadHook = async (url, context, nextLoad) => {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return nextLoad(url, context);
  const path = fileURLToPath(url);
  return { format: 'module', shortCircuit: true, source: await compiled(await readFile(path, 'utf8'), path) };
};

async function compiled(source: string, path: string): Promise<string> {
  const cached = new URL(createHash('sha256').update(`${path}\n${source}`).digest('hex'), settings.cacheUrl);
  try {
    return await readFile(cached, 'utf8');
  } catch {
    const typescript = createRequire(settings.projectUrl)('typescript') as typeof ts;
    const { compilerOptions } = settings;
    const { outputText } = typescript.transpileModule(source, { fileName: path, compilerOptions });
    // Complete or not there, for processes that run side by side; without a cache it is slower, that is all.
    const draft = new URL(`${cached.href}.${randomUUID()}`);
    await writeFile(draft, outputText).then(
      () => rename(draft, cached),
      () => undefined,
    );
    return outputText;
  }
}
