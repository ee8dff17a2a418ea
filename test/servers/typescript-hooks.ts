/**
 * Module hooks that let Node import this project's TypeScript as it stands. Jest transforms its global set-up file, but
 * not what that file imports: without these hooks the set-up could not use the product's own code. Runs in Node's
 * hooks thread from a `data:` URL (see global-setup.ts), so it may import nothing but Node's own modules.
 */
import { readFile } from 'node:fs/promises';
import { createRequire, type InitializeHook, type LoadHook, type ResolveHook } from 'node:module';
import { fileURLToPath } from 'node:url';
import type ts from 'typescript';

interface HookSettings {
  /** A URL inside the project, from where `typescript` is found. */
  readonly projectUrl: string;
  readonly compilerOptions: ts.CompilerOptions;
}

let transpile: (source: string, fileName: string) => string;

export const initialize: InitializeHook<HookSettings> = ({ projectUrl, compilerOptions }) => {
  const typescript = createRequire(projectUrl)('typescript') as typeof ts;
  transpile = (source, fileName) => typescript.transpileModule(source, { fileName, compilerOptions }).outputText;
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
  return { format: 'module', shortCircuit: true, source: transpile(await readFile(path, 'utf8'), path) };
};
