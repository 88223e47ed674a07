import { writeFile } from 'node:fs/promises';
import type { AnyTask, MultiTaskDataset, TableDataset } from '@polytask/core';

/** The parts of a run's rows. */
interface Parts {
  readonly train: MultiTaskDataset;
  readonly validation?: MultiTaskDataset;
  readonly test: MultiTaskDataset;
}

/**
 * Writes the numbers that our network gets, and the labels, where `peers/quality.py` finds them: a JSON file with shapes, and files of
 * numbers beside it.
 */
export async function writeForPeers(
  path: string,
  { train, validation, test }: Parts,
  tasks: readonly AnyTask[],
): Promise<void> {
  const specs = Object.entries(train.inputs);
  const categories = specs.flatMap(([, { categories = [] }]) => categories);
  const parts: Record<string, Record<string, unknown>> = {};
  for (const [part, dataset] of Object.entries({ train, validation, test })) {
    const { inputs, columns } = allRows(dataset as TableDataset);
    const place = (what: string) => `${path}.${part}.${what}`;
    const found: Record<string, unknown> = { rows: (dataset as TableDataset).size };
    for (const [name, { dtype }] of specs) {
      const kind = dtype === 'int32' ? 'ids' : 'numbers';
      const { data, shape } = inputs[name] as NonNullable<(typeof inputs)[string]>;
      await writeFile(place(kind), new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      found[kind] = { file: place(kind), width: shape[1] ?? 1 };
    }
    for (const task of tasks) {
      const labels = Array.from(columns[task.column]?.data ?? [], (value) =>
        Number.isNaN(value) || (task.label === 'class' && value < 0) ? null : value,
      );
      found[`label/${task.name}`] = labels;
    }
    parts[part] = found;
  }
  const described = tasks.map(({ name, type, outputs }) => ({ name, type, classes: outputs.logits?.[0] ?? 0 }));
  await writeFile(path, JSON.stringify({ parts, categories, tasks: described }));
}

function allRows(dataset: TableDataset) {
  return dataset.gather(Array.from({ length: dataset.size }, (_, row) => row));
}
