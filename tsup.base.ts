import type { Options } from 'tsup';

/**
 * What every published package shares. Peers and dependencies stay outside of the bundle (tsup's own rule), and tfjs
 * must: its engine is one per process.
 */
export function library(entry: Record<string, string>): Options {
  return {
    entry,
    format: 'esm',
    target: 'node20',
    platform: 'neutral',
    dts: true,
    sourcemap: true,
    clean: true,
    external: [/^@tensorflow\//, /^@polytask\//, /^node:/],
  };
}

/**
 * A package of parts: a file per source, so that whoever imports one part gets that part. In one file a bundler cannot tell that
 * describing a part has no effect, and keeps all of them.
 *
 * @param entry - What may be imported from outside.
 */
export function parts(entry: Record<string, string> = { index: 'src/index.ts' }): Options {
  return { ...library(entry), entry: ['src/**/*.ts'], bundle: false, dts: { entry } };
}
