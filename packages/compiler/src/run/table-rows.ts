import type { HostTensor } from '@polytask/core';
import { type TableRows, tableRows } from '@polytask/core/executors';
import { sameShape, sizeOf } from '../ir/value.js';
import type { HeldForm } from '../rewrite/held-form.js';
import type { HostArray } from './host-array.js';

const forms = new WeakMap<TableRows['table'], { readonly divisor: number | undefined; readonly form: HeldForm }[]>();

/**
 * How a program takes rows from a table that is fed as a whole: all of the runtime's threads copy them, and nothing copies them
 * before the program runs. Leaves: the table and the row numbers. The same object for the same table, shape and divisor, and
 * the same key whatever the number of rows in the table. Undefined for a tensor that is no unread part of a table.
 */
export function rowsForm(tensor: HostTensor): HeldForm | undefined {
  const rows = tableRows(tensor);
  if (rows === undefined || rows.wasRead) return undefined;
  const { table, divisor } = rows;
  const known = forms.get(table) ?? [];
  const before = known.find((one) => one.divisor === divisor && sameShape(one.form.shape, tensor.shape));
  if (before !== undefined) return before.form;
  const form = makeForm(tensor.shape, rows);
  forms.set(table, [...known, { divisor, form }]);
  return form;
}

function makeForm(shape: readonly number[], { table, divisor = 1 }: TableRows): HeldForm {
  const [count = 0, ...rowShape] = shape;
  const rows = table.length / sizeOf(rowShape);
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

/** What the leaves of {@link rowsForm} hold in a call, for a program that was found before anybody read the tensor. */
export function rowsLeaves(tensor: HostTensor): readonly HostArray[] | undefined {
  const rows = tableRows(tensor);
  return rows && [rows.table as HostArray, rows.indices];
}
