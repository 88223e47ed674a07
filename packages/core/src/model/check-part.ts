import { type Description, isPart, type PartKind, specVersions } from '../contracts/description.js';
import { PolytaskError } from '../errors/polytask-error.js';
import { UnsupportedVersionError } from '../errors/unsupported-version-error.js';

/**
 * Refuses what is not a part of one of these kinds, or was written for another version of the contract.
 *
 * @param value What was given.
 * @param role What the message calls it: the option, or where it comes from.
 * @param kinds Those that would do.
 * @throws `POLYTASK_WRONG_PART`, `POLYTASK_UNSUPPORTED_VERSION`
 * @example
 * ```ts
 * import { checkPart, sgd } from '@polytask/core';
 *
 * checkPart(sgd(), 'optimizer', 'optimizer');
 * ```
 */
export function checkPart(value: unknown, role: string, ...kinds: readonly PartKind[]): void {
  const kind = kinds.find((candidate) => isPart(value, candidate));
  if (kind === undefined) {
    const found =
      typeof value === 'function'
        ? `a function; did you forget to call it, as in \`${value.name || 'strategy'}()\`?`
        : typeof value === 'object' && value !== null && 'kind' in value
          ? `a part of kind \`${String(value.kind)}\`.`
          : `${typeof value}.`;
    throw new PolytaskError(
      'POLYTASK_WRONG_PART',
      `\`${role}\` must be ${kinds.map((k) => `a ${k}`).join(' or ')} made by a \`define...\` helper, but is ${found}`,
    );
  }
  const { name, specVersion } = value as Description;
  if (specVersion !== specVersions[kind]) throw new UnsupportedVersionError(kind, name, specVersion);
}
