import type { AnyTask, Trainer } from '@polytask/core';
import { type SelectedBackend, shownPath } from '@polytask/experiment';
import { type Io, print, printJson } from '../io.js';
import { counted } from '../report/format.js';
import { type BlockEncoder, placeOfBadRow } from './bad-rows.js';
import { predictionColumns } from './prediction-columns.js';
import type { WrittenFormat } from './row-writer.js';
import { describeUnfamiliar } from './unfamiliar.js';

/** Where predictions are written, and how. */
export interface PredictOutput {
  /** From the root of the disk; none is standard output. */
  readonly path?: string;
  readonly format: WrittenFormat;
}

/** What was written. */
export interface Predicted {
  readonly rows: number;
  readonly columns: readonly string[];
}

/** What came of it: for people, unless rows went to standard output; or a document. */
export function reportPredictions(
  done: Predicted & {
    readonly folder: string;
    readonly trainer: Trainer<readonly AnyTask[]>;
    readonly backend: SelectedBackend;
    readonly output: PredictOutput;
    readonly badRows: BlockEncoder['found'];
    readonly unfamiliar: BlockEncoder['unfamiliar'];
    readonly unsaid: ReadonlySet<string>;
  },
  { json, quiet }: { readonly json?: boolean; readonly quiet?: boolean },
  io: Io,
): void {
  const { folder, trainer, backend, output, rows, columns, badRows } = done;
  if (badRows.count > 0 && quiet !== true) {
    print(
      io.stderr,
      `${counted(badRows.count, 'row')} could not be read and ${badRows.count === 1 ? 'has' : 'have'} no predictions:`,
    );
    for (const bad of badRows.first) print(io.stderr, `  ${placeOfBadRow(bad)}: ${bad.reason}`);
    if (badRows.count > badRows.first.length) print(io.stderr, `  and ${badRows.count - badRows.first.length} more`);
  }
  if (quiet !== true) for (const line of describeUnfamiliar(done.unfamiliar, rows)) print(io.stderr, line);
  if (output.path === undefined) return;
  const tasks = trainer.tasks.map((task) => ({
    name: task.name,
    type: task.type,
    ...unitOf(task),
    columns: predictionColumns(task, done.unsaid).names,
  }));
  if (json === true) {
    const document = {
      status: 'done',
      folder,
      file: output.path,
      format: output.format,
      rows,
      badRows,
      ...(done.unfamiliar.length === 0 ? {} : { unfamiliar: done.unfamiliar }),
      columns,
      tasks,
      backend,
    };
    printJson(io.stdout, document);
    return;
  }
  print(io.stdout, `${counted(rows, 'row')} predicted by ${folder}: ${shownPath(output.path, io.cwd)}`);
  const units = tasks.map(({ name, type, unit }) => `${name} (${unit === undefined ? type : `${type}, ${unit}`})`);
  print(io.stdout, `Tasks: ${units.join(', ')}`);
}

function unitOf({ options }: AnyTask): { unit?: string } {
  const { unit } = options as { unit?: unknown };
  return typeof unit === 'string' ? { unit } : {};
}
