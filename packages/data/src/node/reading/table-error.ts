import { DatasetError, nearestWord } from '@polytask/core';

/** Something is wrong with a table; code `POLYTASK_DATASET`. */
export class TableError extends DatasetError {
  /** Which of `loadTable`'s options it is about: `['features', 'age']`, `['sql']`. */
  readonly place: readonly (string | number)[];
  /** What else is wrong, where more than one mistake was found. */
  readonly further: readonly TableError[] = [];

  constructor(place: readonly (string | number)[], message: string, options?: ErrorOptions) {
    super(message, options);
    this.place = place;
  }
}

/** Throws the first of some errors, which then has the others; nothing where there is none. */
export function throwAll(errors: readonly TableError[]): void {
  const [first, ...further] = errors;
  if (first !== undefined) throw Object.assign(first, { further });
}

/** The error for a column that is not there. */
export function noSuchColumn(
  place: readonly (string | number)[],
  column: string,
  columns: readonly { readonly name: string }[],
): TableError {
  const names = columns.map(({ name }) => name);
  const near = nearestWord(column, names);
  const advice = near === undefined ? '' : ` Did you mean \`${near}\`?`;
  const few = names.slice(0, 30).map((name) => `\`${name}\``);
  const more = names.length > few.length ? ` and ${names.length - few.length} more` : '';
  return new TableError(
    place,
    `there is no column \`${column}\`; the table has ${few.join(', ') || 'none'}${more}.${advice}`,
  );
}
