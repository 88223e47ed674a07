import { type HostTensor, type TableRows, tableRows } from '@polytask/core';
import type { HostArray } from './compile-graph.js';
import type { HeldForm } from './held-form.js';
import { within } from './within.js';

const forms = new WeakMap<TableRows['table'], Map<string, HeldForm>>();
/** What programs were found for, so that their leaves are the same even where somebody has read the tensor since. */
const taken = new WeakMap<HostTensor, TableRows>();

/**
 * How a program takes rows from a table that is fed as a whole: all of the runtime's threads copy them, and nothing copies them
 * before the program runs. Leaves: the table and the row numbers. The same object for the same table, shape and divisor, and
 * the same key whatever the number of rows in the table. Undefined for a tensor that is no unread part of a table.
 */
export function rowsForm(tensor: HostTensor): HeldForm | undefined {
  const rows = tableRows(tensor);
  if (rows === undefined) return undefined;
  taken.set(tensor, rows);
  const known = within(forms, rows.table);
  const name = `${tensor.shape.join()} ${rows.divisor}`;
  const form = known.get(name) ?? makeForm(tensor.shape, rows);
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
    key: `rows of ${bytes ? `bytes / ${divisor}` : 'numbers'}`,
    leaves: [
      { shape: [rows, ...rowShape], dtype: stored, bytes, anyRows: true },
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
export function rowsLeaves(tensor: HostTensor): readonly HostArray[] | undefined {
  const rows = taken.get(tensor);
  return rows && [rows.table as HostArray, rows.indices];
}
