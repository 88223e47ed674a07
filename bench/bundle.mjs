import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { switchable, tricks } from './without.mjs';

/** Puts switches into the compiler's sources. */
const switches = {
  name: 'switches',
  /** @param {import('esbuild').PluginBuild} building */
  setup(building) {
    const compiler = join(import.meta.dirname, '..', 'packages', 'compiler', 'src');
    for (const [name, { file }] of Object.entries(tricks)) {
      const path = join(compiler, file);
      const filter = new RegExp(`${path.replace(/[^\w/]/g, '\\$&')}$`);
      building.onLoad({ filter }, async () => ({
        contents: switchable(await readFile(path, 'utf8'), name),
        loader: 'ts',
      }));
    }
  },
};

/**
 * Compiles a program of this folder and our packages into one file, other packages left outside, as an installed package would be:
 * compiling on the fly takes memory and time of its own. Gives the file.
 *
 * @param {string} program
 */
export async function bundle(program) {
  const plugins = /^(step-tricks|sharing)/.test(program) ? [switches] : [];
  const folder = import.meta.dirname;
  const outfile = join(folder, 'node_modules', '.cache', 'polytask-bench', program.replace(/\.ts$/, '.mjs'));
  await mkdir(join(outfile, '..'), { recursive: true });
  await build({
    entryPoints: [join(folder, program)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['polytask:source'],
    plugins,
    external: ['@duckdb/*', '@tensorflow/*', 'esbuild', 'koffi', 'onnxruntime-*'],
    // Bundled packages that are CommonJS ask for Node's own modules.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module';\nconst require = requireFrom(import.meta.url);",
    },
    logLevel: 'error',
  });
  return outfile;
}
