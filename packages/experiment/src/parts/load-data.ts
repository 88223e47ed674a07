import {
  type MultiTaskDataset,
  PolytaskError,
  splitDataset,
  type TableDataset,
  type TaskSchedule,
} from '@polytask/core';
import type { TableError } from '@polytask/data/node';
import { validationShare } from '../config/defaults.js';
import type { LoadedConfig } from '../config/load-config.js';
import { isMapping, type Path, valueAt } from '../config/paths.js';
import type { Config } from '../config/schema.js';
import { readStart, type StartModel } from '../run/start-model.js';
import { buildPart, kindsOf, type ReportPart } from './build-part.js';
import { dividedSources } from './datasets.js';
import type { DataFacts, LoadedData } from './loaded-data.js';
import { buildTasks } from './network.js';
import { noRows } from './no-rows.js';
import { tableFor } from './tables.js';
import { assumeClasses, labelsOf, withClasses } from './task-labels.js';
import { withWeights } from './task-weights.js';

/** The rows of a run. */
export interface RunData {
  readonly train: MultiTaskDataset;
  /** Only where `split.validation` asks for it. */
  readonly validation?: MultiTaskDataset;
  readonly test: MultiTaskDataset;
  /** What is known of data that are divided as they are read. */
  readonly facts?: DataFacts;
  /** How tasks' rows are mixed, where each has its own. */
  readonly schedule?: TaskSchedule;
  /** Training rows for one task alone, where it has its own. */
  readonly alone?: { readonly [task: string]: MultiTaskDataset };
  /** The model of another run that training starts from. */
  readonly start?: StartModel;
  /** What the data say about the configuration: names of classes, and how rows were divided. */
  readonly config?: Partial<Pick<Config, 'tasks' | 'split'>>;
}

/**
 * Loads the data of a configuration and sets the validation rows apart; what is wrong goes to its list of mistakes.
 *
 * @returns The data; undefined where they cannot be had.
 */
export async function loadData(
  loaded: LoadedConfig,
  report: ReportPart,
  signal?: AbortSignal,
): Promise<RunData | undefined> {
  const { sections, folder, code, mistakes } = loaded;
  if (sections.data === undefined) return undefined;
  const source = String((sections.data as { use?: unknown }).use);
  const start = await readStart(loaded);
  const started = start === undefined ? {} : { start };
  if (dividedSources.includes(source)) {
    refuseFeatures(loaded, start);
    const divided = await loadDivided(loaded, start, report, signal);
    return divided && { ...divided, ...started };
  }
  refuseTableSplit(loaded, source);
  const data = await buildPart<LoadedData>(sections.data, ['data'], tableFor('data'), { folder, code }, report);
  if (data === undefined) return undefined;
  for (const part of ['train', 'test'] as const) {
    if (isDataset(data[part])) continue;
    mistakes.add(['data', 'use'], `\`${source}\` must give { train, test }, two data sets, but \`${part}\` is none`);
    return undefined;
  }
  const rows = { ...data, ...started, test: data.test as MultiTaskDataset };
  if (sections.split === undefined) return rows;
  return setApart(rows, { ...sections.split, validation: validationShare(sections) }, mistakes.add);
}

/** Read with the labels of the tasks, and divided as it is read. */
async function loadDivided(
  loaded: LoadedConfig,
  start: StartModel | undefined,
  report: ReportPart,
  signal?: AbortSignal,
): Promise<RunData | undefined> {
  const { sections, folder, code, mistakes } = loaded;
  const { tasks, split } = sections;
  if (tasks === undefined || split === undefined) return undefined;
  const source = String((sections.data as { use?: unknown }).use);
  const known = mistakes.mistakes.length;
  const { files, fold = 1, folds, ...given } = split;
  const marked = split.column !== undefined || files !== undefined;
  const { test = marked ? 0 : 0.2, ...others } = given;
  const validation = validationShare(sections);
  refuseFolds(split, mistakes.add);
  if (files !== undefined && source !== 'table')
    mistakes.add(['split', 'files'], 'only the data `table` can have files for its parts; leave `files` out', true);
  if (folds === undefined && validation + test >= 1) {
    mistakes.add(
      ['split', 'validation'],
      `validation and test rows must leave some for training, but take ${validation} and ${test}`,
    );
  }
  const rules = (['stratify', 'group', 'time', 'column'] as const).filter((rule) => split[rule] !== undefined);
  for (const rule of rules.slice(1)) {
    mistakes.add(
      ['split', rule],
      `rows are split by \`${rules[0]}\` already; expected one of stratify, group, time and column`,
      true,
    );
  }
  const kinds = await kindsOf(tasks, code);
  const made = await buildTasks(assumeClasses(tasks, kinds), { folder, code });
  const whole = made.filter((task) => task !== undefined);
  // What is wrong with a task is said where the network is built; without it nobody knows which columns are labels.
  if (whole.length < made.length) return undefined;
  const labels = labelsOf(tasks, whole, mistakes.add);
  if (mistakes.mistakes.length > known) return undefined;
  const shares = folds === undefined ? { test } : { folds, fold };
  const divided = { ...others, validation, ...shares };
  const reportTable: ReportPart = (path, error) => {
    const { place, further = [] } = error as Partial<TableError>;
    if (place === undefined) report(path, error);
    else
      for (const one of [error as TableError, ...further]) {
        mistakes.add(placeInFile(one.place, loaded, tasks), one.message);
      }
  };
  const named = tasks as unknown as { name: string; column?: string }[];
  const columns = Object.fromEntries(named.map(({ name, column = name }) => [name, column]));
  const context = {
    ...{ folder, code, labels, columns, split: divided },
    ...(files === undefined ? {} : { files }),
    ...(start?.encoding === undefined ? {} : { encoding: start.encoding }),
    ...(signal === undefined ? {} : { signal }),
  };
  const data = await buildPart<LoadedData>(sections.data, ['data'], tableFor('data'), context, reportTable);
  if (data?.facts === undefined) return undefined;
  if (data.test === undefined && split.test !== 0 && files === undefined) {
    mistakes.add(
      ['split'],
      'no row is for testing; expected some, such as `split: { test: 0.2 }`, or `test: 0` to learn from all rows',
    );
    return undefined;
  }
  const rows = { ...data, test: data.test ?? noRows(data.train) };
  const oneClass = named.findIndex(({ name, column = name }, index) => {
    const label = data.facts?.encoding.labels.find((one) => one.column === column);
    return (
      label?.kind === 'class' &&
      label.classes.length < 2 &&
      (tasks[index] as { type?: unknown }).type === 'classification'
    );
  });
  if (oneClass >= 0) {
    const { name, column = name } = named[oneClass] as (typeof named)[number];
    const label = data.facts.encoding.labels.find((one) => one.column === column);
    const [only] = label?.kind === 'class' ? label.classes : [];
    const at = named[oneClass]?.column === undefined ? 'name' : 'column';
    mistakes.add(
      ['tasks', oneClass, at],
      `column \`${column}\` has one class only: \`${only}\`; there is nothing to learn`,
    );
    return undefined;
  }
  const complete = withClasses(tasks, whole, kinds, data.facts.encoding);
  const kept = { ...divided, ...(files === undefined ? {} : { files }) } as Config['split'];
  return { ...rows, config: { tasks: weighsBySparsity(sections) ? withWeights(complete) : complete, split: kept } };
}

/** Whether nothing else says how tasks with few labels and with many are balanced. */
function weighsBySparsity({ data, balancing }: LoadedConfig['sections']): boolean {
  const { use, mixing } = data as { readonly use?: unknown; readonly mixing?: unknown };
  return use === 'table' && mixing === undefined && balancing === undefined;
}

/** Where in the file something stands that an error about a table is about; what is not there is a matter of the source. */
function placeInFile(
  [option = 'use', ...more]: TableError['place'],
  { raw }: LoadedConfig,
  tasks: Config['tasks'],
): Path {
  if (option === 'split') return ['split', ...more];
  if (option === 'weights') return ['data', 'weight'];
  if (option !== 'labels')
    return valueAt(raw, ['data', option]) === undefined
      ? ['data', ['source', 'tables', 'folder'].find((key) => valueAt(raw, ['data', key]) !== undefined) ?? 'use']
      : ['data', option, ...more];
  const named = tasks as unknown as { name: string; column?: string; columns?: readonly string[] }[];
  const several = named.findIndex(({ columns = [] }) => columns.includes(String(more[0])));
  if (several >= 0) return ['tasks', several, 'columns', named[several]?.columns?.indexOf(String(more[0])) ?? 0];
  const index = named.findIndex((task) => (task.column ?? task.name) === more[0]);
  return ['tasks', index, named[index]?.column === undefined ? 'name' : 'column'];
}

/** What only tables can be asked for. */
function refuseTableSplit({ sections: { split }, mistakes }: LoadedConfig, source: string): void {
  for (const key of ['test', 'stratify', 'group', 'time', 'column', 'files', 'folds', 'fold'] as const) {
    if (split?.[key] === undefined) continue;
    mistakes.add(
      ['split', key],
      `only tables and images can be split so, and \`${source}\` has test rows of its own; leave \`${key}\` out`,
      true,
    );
  }
}

/** Rows are encoded as in the run that training starts from, or its weights would mean something else. */
function refuseFeatures({ sections, mistakes }: LoadedConfig, start: StartModel | undefined): void {
  if (start?.encoding === undefined) return;
  for (const key of ['features', 'exclude', 'only', 'pieces', 'inputs']) {
    if (valueAt(sections.data, [key]) === undefined) continue;
    mistakes.add(
      ['data', key],
      `the features are those of ${start.shown}, which \`start\` names; leave \`${key}\` out`,
      true,
    );
  }
}

/** What folds cannot be asked for with. */
function refuseFolds(split: Config['split'], add: LoadedConfig['mistakes']['add']): void {
  const { folds, fold } = split;
  if (folds === undefined) {
    if (fold !== undefined)
      add(['split', 'fold'], 'there are no `folds` of which this is one; name their number', true);
    return;
  }
  if (fold !== undefined && fold > folds) add(['split', 'fold'], `found ${fold}, but there are ${folds} folds`);
  for (const key of ['test', 'time', 'column', 'files'] as const) {
    if (split[key] !== undefined)
      add(['split', key], 'each of the folds is for testing once; leave `folds` out, or this', true);
  }
}

function setApart(
  data: RunData,
  { validation, seed }: { readonly validation: number; readonly seed: number },
  add: LoadedConfig['mistakes']['add'],
): RunData | undefined {
  if (validation === 0) return data;
  if (!('gather' in data.train)) {
    add(['split', 'validation'], 'rows can only be set apart from data in memory, and these are streamed');
    return undefined;
  }
  try {
    const fractions = { train: 1 - validation, validation };
    const { parts } = splitDataset(data.train as TableDataset, fractions, seed);
    return { ...data, train: parts.train, validation: parts.validation };
  } catch (error) {
    if (!PolytaskError.isInstance(error)) throw error;
    add(['split', 'validation'], error.message);
    return undefined;
  }
}

function isDataset(value: unknown): value is MultiTaskDataset {
  return (
    isMapping(value) && isMapping(value.inputs) && Array.isArray(value.columns) && typeof value.open === 'function'
  );
}
