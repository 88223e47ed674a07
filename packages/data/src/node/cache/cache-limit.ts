import { requireOption } from '@polytask/core';

/** Gigabytes, unless `POLYTASK_CACHE_LIMIT` says otherwise. */
const usualLimit = 20;

/**
 * Bytes that a cache may have: `POLYTASK_CACHE_LIMIT` in gigabytes (10⁹ bytes), `none` for no limit; 20 where it is not set.
 *
 * @throws InvalidOptionError (`POLYTASK_INVALID_OPTION`) for anything else.
 */
export function cacheLimit(): number {
  return gigabytesOf('POLYTASK_CACHE_LIMIT', usualLimit);
}

/**
 * Bytes that a variable of the environment says in gigabytes; `none` is no limit.
 *
 * @throws InvalidOptionError (`POLYTASK_INVALID_OPTION`) for anything else.
 */
export function gigabytesOf(variable: string, usual: number): number {
  const given = process.env[variable];
  if (given === 'none') return Number.POSITIVE_INFINITY;
  const gigabytes = given === undefined || given === '' ? usual : Number(given);
  requireOption(gigabytes >= 0, 'limit', `what ${variable} says: a number of gigabytes from 0, or none`, given);
  return gigabytes * 1e9;
}
