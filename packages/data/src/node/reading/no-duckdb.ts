import { PolytaskError } from '@polytask/core';

/** The error for a DuckDB that is not there. */
export function noDuckDb(reason: string, cause?: unknown): PolytaskError {
  return new PolytaskError(
    'POLYTASK_NO_DUCKDB',
    `Tables need the npm package \`@duckdb/node-api\` with its library for ${process.platform}-${process.arch}, which could not ` +
      `be loaded: ${reason.split('\n')[0]}. Install again without leaving optional dependencies out.`,
    { cause },
  );
}
