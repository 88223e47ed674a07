import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

/**
 * Compiles a program of this folder and our packages into one file, other packages left outside, as an installed package would be:
 * compiling on the fly takes memory and time of its own. Gives the file.
 *
 * @param {string} program
 */
export async function bundle(program) {
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
    external: ['@duckdb/*', '@tensorflow/*', 'esbuild', 'koffi', 'onnxruntime-*'],
    // Bundled packages that are CommonJS ask for Node's own modules.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module';\nconst require = requireFrom(import.meta.url);",
    },
    logLevel: 'error',
  });
  return outfile;
}
