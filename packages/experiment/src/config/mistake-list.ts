import type { Mistake } from '../errors/mistakes.js';
import type { Path } from './paths.js';
import type { Positions } from './positions.js';
import { mistakeAt } from './read-yaml.js';
import type { SetOption } from './set-option.js';

/** Gathers mistakes of one configuration, so that all are reported at once. */
export interface MistakeList {
  readonly mistakes: readonly Mistake[];
  /** Something is wrong with the value at a path; or, with `atKey`, with its key. */
  add(path: Path, message: string, atKey?: boolean): void;
  /** Takes up a mistake that has its place already. */
  addPlaced(...mistakes: readonly Mistake[]): void;
}

/**
 * An empty list.
 *
 * @param file - Name of the file as the user wrote it.
 * @param positions - Of what is in the file.
 * @param sets - What the command line put in; mistakes in that are reported as its own.
 */
export function createMistakeList(file: string, positions: Positions, sets: readonly SetOption[]): MistakeList {
  const mistakes: Mistake[] = [];
  const latestFirst = [...sets].reverse();
  /** The option of the command line that a path comes from: one set at or above it, or one that goes where the file does not. */
  const originOf = (path: Path): SetOption | undefined => {
    const above = latestFirst.find((set) => commonLength(set.path, path) === set.path.length);
    if (above !== undefined) return above;
    const inFile = positions.depthOf(path);
    return latestFirst.find((set) => commonLength(set.path, path) > inFile);
  };
  return {
    mistakes,
    add(path, message, atKey = false) {
      const origin = originOf(path);
      if (origin !== undefined) mistakes.push({ where: origin.where, message });
      else mistakes.push(mistakeAt(file, (atKey && positions.keyAt(path)) || positions.valueAt(path), message));
    },
    addPlaced(...placed) {
      mistakes.push(...placed);
    },
  };
}

function commonLength(a: Path, b: Path): number {
  let length = 0;
  while (length < a.length && length < b.length && String(a[length]) === String(b[length])) length += 1;
  return length;
}
