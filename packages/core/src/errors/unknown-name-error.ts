import { listNames } from './list-names.js';
import { nearestWord } from './nearest-word.js';
import { PolytaskError } from './polytask-error.js';

/** A name (task, input, column, parameter) that does not exist; code `POLYTASK_UNKNOWN_NAME`. */
export class UnknownNameError extends PolytaskError {
  /** @param option Of a part, that has the name; none where no option has. */
  constructor(what: string, name: string, known: readonly string[], option?: string) {
    const nearest = nearestWord(name, known);
    const hint = nearest === undefined ? '' : ` Did you mean \`${nearest}\`?`;
    super(
      'POLYTASK_UNKNOWN_NAME',
      `There is no ${what} named \`${name}\`; there ${known.length === 1 ? 'is' : 'are'} ${listNames(known)}.${hint}`,
      { ...(option && { option }) },
    );
  }
}
