// What parts say of themselves, read from the sources: TypeDoc's pages and the paper index are made of it.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../../', import.meta.url));
const core = 'packages/core/src/index.ts';

/**
 * Descriptions by entry point, then by the name of the export; and `wordsOf`, which says what an option takes.
 *
 * Packages are loaded without the libraries that they use: descriptions need none of them, and importing a package runs nothing.
 *
 * @param {readonly string[]} entryPoints Sources, from the root of the repository.
 */
export async function loadParts(entryPoints) {
  const imports = entryPoints.map((path, index) => `export * as entry${index} from './${path}';`);
  const { outputFiles } = await build({
    stdin: {
      contents: [...imports, `export { describedParts, wordsOf } from './${core}';`].join('\n'),
      resolveDir: root,
    },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    conditions: ['polytask:source'],
    logLevel: 'error',
    plugins: [{ name: 'without-libraries', setup: withoutLibraries }],
  });
  const code = /** @type {import('esbuild').OutputFile} */ (outputFiles[0]).text;
  const loaded = await import(`data:text/javascript;base64,${Buffer.from(code).toString('base64')}`);
  /** @type {import('../../packages/core/src/index.js')} */
  const { describedParts, wordsOf } = loaded;
  const parts = entryPoints.map((path, index) => ({ path, parts: describedParts(loaded[`entry${index}`]) }));
  return { parts, wordsOf };
}

/** @param {import('esbuild').PluginBuild} bundler */
function withoutLibraries(bundler) {
  bundler.onResolve({ filter: /^[^./]/ }, ({ path, importer }) => {
    if (path.startsWith('node:') || importer === '') return undefined;
    const own = /^@polytask\/([\w-]+)$/.exec(path)?.[1];
    if (own !== undefined) return { path: join(root, 'packages', own, 'src/index.ts') };
    const sub = /^@polytask\/([\w-]+)\/([\w-]+)$/.exec(path);
    if (sub !== null) return { path: join(root, 'packages', String(sub[1]), 'src', String(sub[2]), 'index.ts') };
    return { path, namespace: 'library' };
  });
  bundler.onLoad({ filter: /.*/, namespace: 'library' }, () => ({
    contents:
      'const any = () => new Proxy(function () {}, { get: any, apply: any, construct: any }); module.exports = any();',
    resolveDir: dirname(root),
  }));
}
