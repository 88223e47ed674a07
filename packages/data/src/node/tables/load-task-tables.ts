import { requireOption } from '@polytask/core';
import { type LabelOptions, labelColumns, type VectorLabel } from '../../encoding/labels.js';
import { splitColumns } from '../../split/split-options.js';
import { defaultCache } from '../cache/default-cache.js';
import { type ConvertedSource, convertSource } from '../reading/convert-source.js';
import { type ProcessLender, processLender } from '../reading/database-child.js';
import { type JoinedPart, joinSources, taskColumn } from '../reading/join-sources.js';
import { noSuchColumn, TableError } from '../reading/table-error.js';
import { sourceOf } from '../reading/table-source.js';
import { checkTableOptions, loadConverted, type RowOptions } from './load-converted.js';
import type { LoadedTable, TableOptions } from './table-options.js';

/** The rows of one task. */
export interface TaskTable extends Pick<TableOptions, 'source' | 'sql' | 'sqlTimeout' | 'csv'> {
  /** The task's label. */
  readonly label: LabelOptions | VectorLabel;
}

/** A table for every task, for {@link loadTaskTables}. */
export interface TaskTablesOptions extends Omit<RowOptions, 'labels'> {
  /** By task. All have the columns that are features; a label is looked for in its own task's table only. */
  readonly tables: { readonly [task: string]: TaskTable };
}

/**
 * Reads a table per task: no row has a label for more than one of them. Features are the same columns in all tables, and are
 * encoded alike, by what the training rows of all tables say; so one model predicts every task for a row that has them.
 *
 * The rows are one table, in which each row has its own task's label and none of the others. `rowsPerTask` makes data sets
 * per task of its parts, and core's `perTaskDatasets` joins them under a mixing policy. Rows are divided table by table, each by
 * the shares of `split`, unless that says otherwise; row ids go on from one table to the next. Columns that are not in all
 * tables are no features.
 *
 * @throws TableError (`POLYTASK_DATASET`) as {@link loadTable}, with the place `['tables', task, ...]`; where a table lacks a
 * feature, or two tasks have labels of the same name.
 * @example
 * ```ts
 * import { perTaskDatasets } from '@polytask/core';
 * import { rowsPerTask } from '@polytask/data';
 * import { loadTaskTables } from '@polytask/data/node';
 *
 * const folder = 'node_modules/vega-datasets/data';
 * const { train } = await loadTaskTables({
 *   tables: {
 *     rain: {
 *       source: `${folder}/seattle-weather.csv`,
 *       label: { column: 'precipitation', kind: 'number' },
 *     },
 *     sky: {
 *       source: `${folder}/weather.csv`,
 *       sql: "SELECT * FROM data WHERE location = 'New York'",
 *       label: { column: 'weather', kind: 'class' },
 *     },
 *   },
 *   features: ['temp_max', 'wind'],
 *   split: { test: 0.2 },
 * });
 * const tasks = { rain: 'precipitation', sky: 'weather' };
 * const parts = 'draw' in train ? await rowsPerTask(train, tasks) : rowsPerTask(train, tasks);
 * console.log(perTaskDatasets(parts).sources);
 * // => [ { name: 'rain', rows: 1169 }, { name: 'sky', rows: 1169 } ]
 * ```
 */
export async function loadTaskTables(options: TaskTablesOptions): Promise<LoadedTable> {
  const lender = processLender();
  try {
    return await loadWith(lender, options);
  } finally {
    lender.close();
  }
}

async function loadWith(lender: ProcessLender, { tables, ...options }: TaskTablesOptions): Promise<LoadedTable> {
  const names = Object.keys(tables);
  requireOption(names.length > 0, 'tables', 'a table for at least one task', tables);
  const labels = names.map((name) => (tables[name] as TaskTable).label);
  checkTableOptions({ ...options, labels });
  requireOwnLabels(names, labels);
  const { maxBadRows = 0, cache = defaultCache(), split = {} } = options;
  const found: { task: string; converted: ConvertedSource }[] = [];
  for (const task of names) {
    const { label, ...table } = tables[task] as TaskTable;
    const converted = await inTable(task, () =>
      convertSource(
        sourceOf({ ...options, weights: ownWeights(options, label), ...table, labels: [label] }, maxBadRows),
        cache,
        lender,
      ),
    );
    if (converted.info.rows === 0) throw new TableError(['tables', task], 'the table must have a row, but has none');
    found.push({ task, converted });
  }
  const { parts, leftOut } = chooseColumns(found, tables, options);
  const joined = await joinSources(parts, cache, lender, options.signal);
  const isPlain = splitColumns.every((by) => split[by] === undefined);
  const divided = isPlain ? { ...split, stratify: taskColumn } : split;
  const loaded = await loadConverted(joined, { ...options, labels, split: divided }, ['tables'], lender);
  return { ...loaded, record: { ...loaded.record, leftOut: [...loaded.record.leftOut, ...leftOut] } };
}

/** Tells in which table something is wrong. */
async function inTable<Made>(task: string, make: () => Promise<Made>): Promise<Made> {
  try {
    return await make();
  } catch (error) {
    if (!(error instanceof TableError) || error.place[0] === 'maxBadRows') throw error;
    throw new TableError(['tables', task, ...error.place], error.message, { cause: error });
  }
}

/** A column of weights for all tasks, or for one of them. */
function ownWeights({ weights = {} }: Pick<RowOptions, 'weights'>, { column }: TaskTable['label']) {
  if (typeof weights === 'string') return weights;
  const own = weights[column];
  return own === undefined ? {} : { [column]: own };
}

function requireOwnLabels(names: readonly string[], labels: readonly TaskTable['label'][]): void {
  const owner = new Map<string, string>();
  labels.forEach((label, index) => {
    const task = names[index] as string;
    for (const { column } of [label, ...labelColumns([label])]) {
      const other = owner.get(column);
      if (other !== undefined && other !== task) {
        throw new TableError(
          ['tables', task],
          `tasks \`${other}\` and \`${task}\` must have labels of different names, but both have \`${column}\`; rename one by \`sql\``,
        );
      }
      owner.set(column, task);
    }
  });
}

/** What every table gives to the whole. */
function chooseColumns(
  found: readonly { task: string; converted: ConvertedSource }[],
  tables: TaskTablesOptions['tables'],
  { features, refine = false, exclude = [], split = {}, weights = {} }: Omit<RowOptions, 'labels'>,
) {
  const ofLabels = new Map(found.map(({ task }) => [task, labelColumns([(tables[task] as TaskTable).label])]));
  const anyLabel = new Set([...ofLabels.values()].flat().map(({ column }) => column));
  const namesOf = ({ info }: ConvertedSource) => info.columns.map(({ name }) => name);
  const all = [...new Set(found.flatMap(({ converted }) => namesOf(converted)))].filter((name) => !anyLabel.has(name));
  const isCommon = (name: string) => found.every(({ converted }) => namesOf(converted).includes(name));
  const asked = features === undefined ? undefined : Array.isArray(features) ? [...features] : Object.keys(features);
  const bySplit = splitColumns.flatMap((by) =>
    [split[by] ?? []].flat().map((name: string) => ({ name, place: ['split', by] })),
  );
  const ofAll = typeof weights === 'string' ? [{ name: weights, place: ['weights'] }] : [];
  const byTask = typeof weights === 'string' ? [] : Object.values(weights);
  const needed = [
    ...(asked ?? []).map((name, index) => ({ name, place: ['features', Array.isArray(features) ? index : name] })),
    ...bySplit,
    ...ofAll,
  ];
  for (const { name, place } of needed) {
    const without = found.find(({ converted }) => !namesOf(converted).includes(name));
    if (without === undefined || (place[0] === 'split' && anyLabel.has(name))) continue;
    const { message } = noSuchColumn(place, name, without.converted.info.columns);
    throw new TableError(
      place,
      `every task's table must have \`${name}\`, but in that of \`${without.task}\` ${message}`,
    );
  }
  const refines = asked === undefined || (refine && !Array.isArray(features));
  const kept = new Set([...(asked ?? []), ...(refines ? all.filter(isCommon) : [])]);
  for (const { name } of needed) if (!anyLabel.has(name)) kept.add(name);
  const parts = found.map(({ task, converted }): JoinedPart => {
    const own = (ofLabels.get(task) ?? []).map(({ column }) => column);
    const missing = own.find((name) => !namesOf(converted).includes(name));
    if (missing !== undefined) throw noSuchColumn(['labels', missing], missing, converted.info.columns);
    const weight = ownWeights({ weights }, (tables[task] as TaskTable).label);
    const ofWeights = typeof weight === 'string' ? [] : Object.values(weight);
    const columns = [...new Set([...own, ...ofWeights, ...kept])];
    // The weight of another task says nothing of this one's rows.
    return { task, converted, columns, ones: [...new Set(byTask)].filter((name) => !columns.includes(name)) };
  });
  const leftOut =
    asked !== undefined
      ? []
      : all.filter((name) => !isCommon(name) && !exclude.includes(name) && !byTask.includes(name));
  return {
    parts,
    leftOut: leftOut.map((column) => ({ column, reason: 'not every task has it in its table' })),
  };
}
