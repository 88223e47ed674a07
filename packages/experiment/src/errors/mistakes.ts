/** Something wrong in what a person wrote: where it is, and what to write instead. */
export interface Mistake {
  /** Where, for people and for editors: `run.yaml:3:5`, `--set training.epochs=0`. */
  readonly where: string;
  /** The file, and the place in it; none for mistakes on the command line. */
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly message: string;
}

/** The input is wrong, in one way or several; nothing has been done. Ends the program with exit code 2. */
export class InputError extends Error {
  readonly mistakes: readonly Mistake[];

  constructor(mistakes: readonly Mistake[], options?: ErrorOptions) {
    super(mistakes.map(({ where, message }) => `${where}: ${message}`).join('\n'), options);
    this.name = 'InputError';
    this.mistakes = mistakes;
  }
}

/** Mistakes in the order in which a person would correct them: as they stand in the file, those of the command line last. */
export function inFileOrder(mistakes: readonly Mistake[]): Mistake[] {
  const place = ({ line = Number.POSITIVE_INFINITY, column = 0 }: Mistake) => [line, column] as const;
  const sorted = [...mistakes].sort((a, b) => {
    const [lineA, columnA] = place(a);
    const [lineB, columnB] = place(b);
    return lineA === lineB ? columnA - columnB : lineA - lineB;
  });
  const seen = new Set<string>();
  return sorted.filter(({ where, message }) => !seen.has(`${where} ${message}`) && seen.add(`${where} ${message}`));
}
