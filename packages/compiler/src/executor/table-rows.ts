import type { HostTensor, TableRows } from '@polytask/core';
import { dtypeOf, type HostArray } from './compile-graph.js';
import type { HeldForm } from './held-form.js';
import { within } from './within.js';

const forms = new WeakMap<HostArray, Map<string, HeldForm>>();

/**
 * How a program takes rows from a table that is fed as a whole: all of the runtime's threads copy them, and nothing copies them
 * before the program runs. Leaves: the table and the row numbers. The same object for the same table and shape.
 */
export function rowsForm(shape: readonly number[], { table }: TableRows): HeldForm {
  const known = within(forms, table);
  const name = shape.join();
  const form = known.get(name) ?? makeForm(shape, table);
  known.set(name, form);
  return form;
}

function makeForm([count, ...rowShape]: readonly number[], table: HostArray): HeldForm {
  const rows = table.length / rowShape.reduce((product, size) => product * size, 1);
  const dtype = dtypeOf(table);
  const shape = [count as number, ...rowShape];
  return {
    shape,
    dtype,
    key: `rows of ${rows}`,
    leaves: [
      { shape: [rows, ...rowShape], dtype },
      { shape: [count as number], dtype: 'int32' },
    ],
    build(graph, [whole, indices]) {
      const attributes = { axis: 0, batchDims: 0, exist: true };
      return graph.node('GatherV2', [whole as never, indices as never], { shape, dtype }, attributes);
    },
  };
}

/** What the leaves of {@link rowsForm} hold in a call. */
export function rowsLeaves({ rows }: HostTensor): readonly HostArray[] | undefined {
  return rows === undefined ? undefined : [rows.table, rows.indices];
}
