import { classification, type TableDataset, tableDataset, uniformStream } from '@polytask/core';

/** Class c of the task `kind` is class `tie[c]` of the task `group`: opposite corners of a cube belong together. */
export const tie: readonly number[] = [0, 1, 2, 3, 3, 2, 1, 0];

/** A map that is not true: neighbouring corners instead. */
export const wrongTie: readonly number[] = [0, 0, 1, 1, 2, 2, 3, 3];

/** The two tasks. */
export const tiedTasks = () => [classification('kind', { classes: 8 }), classification('group', { classes: 4 })];

/** Rows to learn from, few of which are labelled, each for one task at most; and rows to be measured on. */
export interface KnownTruth {
  readonly train: TableDataset;
  readonly test: TableDataset;
}

/**
 * Points about the corners of a cube, beside numbers that say nothing.
 *
 * @param seed Of points and labels.
 * @param rows How many rows there are to learn from.
 * @param labelled The share of them that has a label, of each task.
 */
export function knownTruth(seed: number, rows: number, labelled = 0.05): KnownTruth {
  const width = 6;
  const table = (part: string, size: number, keeps: (row: number, task: number) => boolean) => {
    const uniform = uniformStream('known-truth', part, seed);
    const kind = Int32Array.from({ length: size }, () => Math.floor(uniform() * 8));
    const x = Float32Array.from({ length: size * width }, (_, i) => {
      const column = i % width;
      const bit = ((kind[Math.floor(i / width)] as number) >> column) & 1;
      // Nearly normal: the sum of four uniform numbers has a variance of a third.
      return (column < 3 ? 2 * bit - 1 : 0) + 0.8 * (uniform() + uniform() + uniform() + uniform() - 2);
    });
    const known = (labels: Int32Array, task: number) => labels.map((label, row) => (keeps(row, task) ? label : -1));
    const group = kind.map((label) => tie[label] as number);
    return tableDataset({
      inputs: { x: { data: x, shape: [size, width] } },
      columns: { kind: known(kind, 0), group: known(group, 1) },
    });
  };
  const every = Math.round(1 / labelled);
  return {
    // Rows come in random order as it is.
    train: table('train', rows, (row, task) => row % every === task),
    test: table('test', 500, () => true),
  };
}
