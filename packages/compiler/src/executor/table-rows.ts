import type { HostTensor, TableRows } from '@polytask/core';
import type { HostArray } from './compile-graph.js';
import type { HeldForm } from './held-form.js';
import { within } from './within.js';

const forms = new WeakMap<TableRows['table'], Map<string, HeldForm>>();

/**
 * How a program takes rows from a table that is fed as a whole: all of the runtime's threads copy them, and nothing copies them
 * before the program runs. Leaves: the table and the row numbers. The same object for the same table, shape and divisor.
 */
export function rowsForm(shape: readonly number[], rows: TableRows): HeldForm {
  const known = within(forms, rows.table);
  const name = `${shape.join()} ${rows.divisor}`;
  const form = known.get(name) ?? makeForm(shape, rows);
  known.set(name, form);
  return form;
}

function makeForm(shape: readonly number[], { table, divisor = 1 }: TableRows): HeldForm {
  const [count = 0, ...rowShape] = shape;
  const rows = table.length / rowShape.reduce((product, size) => product * size, 1);
  const bytes = table instanceof Uint8Array;
  const stored = table instanceof Float32Array ? 'float32' : 'int32';
  const dtype = bytes ? 'float32' : stored;
  return {
    shape: [...shape],
    dtype,
    key: `${bytes ? `bytes / ${divisor}` : 'numbers'} of ${rows} rows`,
    leaves: [
      { shape: [rows, ...rowShape], dtype: stored, bytes },
      { shape: [count], dtype: 'int32' },
    ],
    build(graph, leaves) {
      const spec = { shape, dtype } as const;
      if (bytes) return graph.node('ByteRows', leaves, spec, { divisor });
      return graph.node('GatherV2', leaves, spec, { axis: 0, batchDims: 0, exist: true });
    },
  };
}

/** What the leaves of {@link rowsForm} hold in a call. */
export function rowsLeaves({ rows }: HostTensor): readonly HostArray[] | undefined {
  return rows === undefined ? undefined : [rows.table as HostArray, rows.indices];
}
