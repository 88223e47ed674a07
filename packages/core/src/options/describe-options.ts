import { type Description, partMarker } from '../contracts/description.js';

/**
 * Options as plain data, for the `options` of a part that is made of other parts: these become `{ name, options }`, at any
 * depth, and options that are undefined, or functions, are left out.
 *
 * @param options As the user gave them.
 * @example
 * ```ts
 * import { describeOptions, sumOfLosses } from '@polytask/core';
 *
 * describeOptions({ inner: sumOfLosses() }); // => { inner: { name: 'sum-of-losses', options: {} } }
 * ```
 */
export function describeOptions(options: object): Readonly<Record<string, unknown>> {
  const given = Object.entries(options).filter(([, value]) => value !== undefined && typeof value !== 'function');
  return Object.fromEntries(given.map(([name, value]) => [name, plain(value)]));
}

function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  if (!(partMarker in value)) return describeOptions(value);
  const { name, options } = value as Description;
  return { name, options };
}
