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
