import { type PartKind, specVersions } from '../contracts/description.js';
import { PolytaskError } from './polytask-error.js';

/** A part was written for another version of its contract; code `POLYTASK_UNSUPPORTED_VERSION`. */
export class UnsupportedVersionError extends PolytaskError {
  constructor(kind: PartKind, name: string, found: number) {
    super(
      'POLYTASK_UNSUPPORTED_VERSION',
      `The ${kind} \`${name}\` was written for version ${found} of its contract; this core speaks version ${specVersions[kind]}. ` +
        `Install a version of the package that has \`${name}\` which fits this @polytask/core.`,
    );
  }
}
