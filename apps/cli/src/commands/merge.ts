import { resolve } from 'node:path';
import {
  type MergeMethod,
  type MergeNumbers,
  mergeRuns,
  numbersOf,
  type RunDocument,
  readDocument,
  shownPath,
} from '@polytask/experiment';
import { InputError } from '@polytask/experiment/early';
import { type Colors, colorsFor, type Io, print, printJson } from '../io.js';
import { formatChange, formatValue } from '../report/format.js';
import { createProgress, quietProgress } from '../report/progress.js';
import { plainTable, withDirection } from '../report/table.js';

/** Options of `polytask merge`, as the command line gives them. */
export interface MergeOptions {
  readonly method: MergeMethod;
  readonly scale?: string;
  readonly keep?: string;
  readonly drop?: string;
  readonly seed?: string;
  readonly rows?: string;
  readonly joint?: string;
  readonly output?: string;
  readonly plugins?: readonly string[];
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/**
 * Merges the networks of finished runs, measures what comes out, and leaves a run folder.
 *
 * @throws InputError where runs do not fit each other, or options are wrong.
 */
export async function merge(folders: readonly string[], options: MergeOptions, io: Io): Promise<void> {
  const { cwd, signal } = io;
  const numbers = numbersIn(options);
  const { output, plugins, method } = options;
  const progress = options.quiet === true ? quietProgress(io) : createProgress(io);
  // Read before anything is made, so that a wrong name costs nothing.
  const joint =
    options.joint === undefined ? undefined : await readDocument(resolve(cwd, options.joint), options.joint);
  const document = await mergeRuns({
    folders,
    method,
    numbers,
    cwd,
    plugins,
    progress,
    signal,
    ...(output !== undefined && { output: { path: resolve(cwd, output), where: `--output ${output}` } }),
  });
  if (options.json === true) {
    printJson(io.stdout, joint === undefined ? document : { ...document, together: joint.document.joint });
    return;
  }
  print(io.stdout, mergeTable(document, joint?.document, colorsFor(io.stdout, io.env)));
  if (options.quiet !== true) print(io.stderr, `\nRun folder: ${shownPath(document.folder, cwd)}`);
}

/** A row per task: what it scored alone, in the merged network, and where that is known, when all were trained together. */
function mergeTable(document: RunDocument, together: RunDocument | undefined, colors: Colors): string {
  const { tasks, joint, singleTask = {}, deltaM, merged } = document;
  const of = (run: RunDocument['joint'], task: string, metric: string) => run?.tasks?.[task]?.[metric];
  const head = ['task', 'metric', 'alone', 'merged', 'Δm', ...(together === undefined ? [] : ['together'])];
  const rows = tasks.map((task) => {
    const { name, primaryMetric } = task;
    const percent = deltaM?.improvementPercentByTask[name];
    return [
      name,
      withDirection(primaryMetric, [task]),
      formatValue(of(singleTask[name], name, primaryMetric)),
      formatValue(of(joint, name, primaryMetric)),
      percent === undefined ? '–' : formatChange(percent),
      ...(together === undefined ? [] : [formatValue(of(together.joint, name, primaryMetric))]),
    ];
  });
  return [
    ...plainTable(
      head.map((title) => colors.dim(title)),
      rows,
    ),
    '',
    `Merged by ${merged?.method} from ${merged?.runs.join(', ')}.`,
    ...(deltaM
      ? [`Δm ${formatChange(deltaM.improvementPercent)} against the networks that learned each task alone.`]
      : []),
  ].join('\n');
}

function numbersIn(options: MergeOptions): MergeNumbers {
  const known = numbersOf[options.method];
  const found: Record<string, number> = {};
  for (const name of ['scale', 'keep', 'drop', 'seed', 'rows'] as const) {
    const text = options[name];
    if (text === undefined) continue;
    const where = `--${name} ${text}`;
    if (!known.includes(name)) {
      const expected = known.length === 0 ? 'it takes none' : `it takes ${known.map((one) => `--${one}`).join(', ')}`;
      throw new InputError([{ where, message: `the method \`${options.method}\` has no such number; ${expected}` }]);
    }
    const number = Number(text);
    if (text.trim() === '' || !Number.isFinite(number))
      throw new InputError([{ where, message: `found ${text}, expected a number` }]);
    found[name] = number;
  }
  return found;
}
