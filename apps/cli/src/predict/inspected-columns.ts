import type { AnyTask, HostTensor, InputSpecs, Inspection, Trainer } from '@polytask/core';
import { type Cell, short } from './prediction-columns.js';

/** How what a model computes on the way stands in rows. */
export interface InspectedColumns {
  readonly names: readonly string[];
  /** Looks at rows; what it gives has the values of each. */
  look(inputs: { readonly [input: string]: HostTensor }): Promise<(row: number) => readonly Cell[]>;
}

/** Where that is not asked for. */
export const nothingInspected: InspectedColumns = { names: [], look: async () => () => [] };

/**
 * A column for every number of a row of the shared representation (`shared.0`, …), of whatever the sharing strategy names
 * (`gate.left.0`, …) and auxiliary objectives find (`consistency.violation`). What a strategy names that is not of rows, such as a temperature, has no column: it is found by looking at
 * one row and at two.
 */
export async function inspectedColumns(
  trainer: Pick<Trainer<readonly AnyTask[]>, 'inspect'>,
  inputs: InputSpecs,
): Promise<InspectedColumns> {
  const one = tensorsOf(await trainer.inspect(rowsOfZeros(inputs, 1)));
  const two = tensorsOf(await trainer.inspect(rowsOfZeros(inputs, 2)));
  const ofRows = Object.entries(one).flatMap(
    ([
      name,
      {
        shape: [rows, ...shape],
      },
    ]) => (rows === 1 && two[name]?.shape[0] === 2 ? [{ name, places: placesIn(shape) }] : []),
  );
  return {
    names: ofRows.flatMap(({ name, places }) => places.map((place) => [name, ...place].join('.'))),
    async look(rows) {
      const tensors = tensorsOf(await trainer.inspect(rows));
      return (row) =>
        ofRows.flatMap(({ name, places: { length } }) => {
          const { data } = tensors[name] as HostTensor;
          return Array.from(data.subarray(row * length, (row + 1) * length), short);
        });
    },
  };
}

function tensorsOf({ shared, intermediates }: Inspection): { readonly [name: string]: HostTensor } {
  const named = Object.entries(intermediates).map(([name, tensor]) => [name.replaceAll('/', '.'), tensor] as const);
  return { ...(shared === undefined ? {} : { shared }), ...Object.fromEntries(named) };
}

function rowsOfZeros(inputs: InputSpecs, rows: number): Record<string, HostTensor> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, dtype }]) => {
      const size = shape.reduce((product, length) => product * length, rows);
      const data = dtype === 'int32' ? new Int32Array(size) : new Float32Array(size);
      return [name, { data, shape: [rows, ...shape] } as HostTensor];
    }),
  );
}

/** Indices of all numbers of a row, the last one running fastest. */
function placesIn(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (places, length) => places.flatMap((place) => Array.from({ length }, (_, index) => [...place, index])),
    [[]],
  );
}
