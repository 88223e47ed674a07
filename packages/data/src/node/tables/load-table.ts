import { splitColumns } from '../../split/split-options.js';
import { defaultCache } from '../cache/default-cache.js';
import { type ConvertedSource, convertSource } from '../reading/convert-source.js';
import { type ProcessLender, processLender } from '../reading/database-child.js';
import { joinSources } from '../reading/join-sources.js';
import { noSuchColumn, TableError } from '../reading/table-error.js';
import { sourceOf } from '../reading/table-source.js';
import { checkTableOptions, loadConverted } from './load-converted.js';
import type { LoadedTable, TableOptions } from './table-options.js';

/**
 * Reads a table from files: converts them once, divides the rows, learns how features are encoded from the training rows
 * only, and gives a data set per part. Inputs are `numbers` and, where categories are embedded, `categories`, unless they are
 * given other names; label columns keep theirs. Missing labels are missing.
 *
 * Row ids are the numbers of rows in the source, from 0. Larger tables than `memory` are streamed: their order is then
 * random block by block (1 MB) with rows mixed among 32 MB; rows lie in random order in the cache, so that a block is a
 * random sample.
 *
 * @throws TableError (`POLYTASK_DATASET`) where a file or column is not there, a column or task has no value, there is no
 * row, more rows than `maxBadRows` cannot be read, or a class for validation or test is not among the training rows.
 * @throws PolytaskError (`POLYTASK_NO_DUCKDB`) where DuckDB's library is not installed.
 * @example
 * ```ts
 * import { loadTable } from '@polytask/data/node';
 *
 * const { train, test, encoding } = await loadTable({
 *   source: 'node_modules/vega-datasets/data/seattle-weather.csv',
 *   labels: [
 *     { column: 'temp_max', kind: 'number' },
 *     { column: 'weather', kind: 'class' },
 *   ],
 *   features: ['date', 'wind'],
 *   split: { test: 0.2, seed: 1 },
 * });
 * console.log(train.size, test?.size, train.inputs.numbers?.shape); // => 1169 292 [ 6 ]
 * console.log(encoding.labels[1]);
 * // => { kind: 'class', column: 'weather', rows: 1169, classes: [ 'drizzle', 'fog', 'rain', 'snow', 'sun' ],
 * // => counts: [ 44, 79, 524, 22, 500 ] }
 * ```
 */
export async function loadTable(options: TableOptions): Promise<LoadedTable> {
  checkTableOptions(options);
  const { maxBadRows = 0, cache = defaultCache(), sql, files = {} } = options;
  const lender = processLender();
  try {
    const converted = await convertSource(sourceOf(options, maxBadRows), cache, lender);
    const place = sql === undefined ? ['source'] : ['sql'];
    if (files.validation === undefined && files.test === undefined)
      return await loadConverted(converted, options, place, lender);
    const joined = await joinParts(converted, options, lender);
    return await loadConverted(joined, options, place, lender);
  } finally {
    lender.close();
  }
}

/** The rows of all files, with a column that says which part each is for. */
async function joinParts(
  training: ConvertedSource,
  options: TableOptions,
  lender: ProcessLender,
): Promise<ConvertedSource> {
  const { files = {}, split = {}, maxBadRows = 0, cache = defaultCache(), signal } = options;
  const other = splitColumns.find((by) => split[by] !== undefined && by !== 'stratify');
  const divided = other ?? (split.test !== undefined && split.test > 0 ? 'test' : split.folds && 'folds');
  if (divided !== undefined && divided !== 0) {
    throw new TableError(['split', divided], `files say which rows are for testing; leave \`${divided}\` out`);
  }
  const columns = training.info.columns.map(({ name }) => name);
  const parts = [{ task: 'train', converted: training, columns, ones: [] }];
  for (const part of ['validation', 'test'] as const) {
    const source = files[part];
    if (source === undefined) continue;
    const inPart = async () => {
      const found = await convertSource(sourceOf({ ...options, source }, maxBadRows), cache, lender);
      if (found.info.rows === 0) throw new TableError([], 'the table must have a row, but has none');
      const lacking = columns.find((name) => !found.info.columns.some((one) => one.name === name));
      if (lacking !== undefined) throw noSuchColumn([], lacking, found.info.columns);
      return found;
    };
    const converted = await inPart().catch((error: unknown) => {
      if (!(error instanceof TableError) || error.place[0] === 'maxBadRows') throw error;
      throw new TableError(['split', 'files', part], error.message, { cause: error });
    });
    parts.push({ task: part, converted, columns, ones: [] });
  }
  return joinSources(parts, cache, lender, signal);
}
