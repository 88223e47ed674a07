import { gigabytesOf } from '../cache/cache-limit.js';

/** Gigabytes, unless `POLYTASK_SQL_MEMORY` says otherwise. */
const usualMemory = 2;

/**
 * Megabytes that the process may take in which files and SQL of others are read: `POLYTASK_SQL_MEMORY` in gigabytes, `none` for no
 * limit; 2 where it is not set. What DuckDB counts itself goes to disk long before.
 *
 * @throws InvalidOptionError (`POLYTASK_INVALID_OPTION`) for anything else.
 */
export function processMemory(): number {
  return gigabytesOf('POLYTASK_SQL_MEMORY', usualMemory) / 1e6;
}
