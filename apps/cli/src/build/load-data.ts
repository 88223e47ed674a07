import { type MultiTaskDataset, PolytaskError, splitDataset, type TableDataset } from '@polytask/core';
import type { LoadedConfig } from '../config/load-config.js';
import { isMapping } from '../config/paths.js';
import type { Config } from '../config/schema.js';
import { buildPart, type ReportPart } from './build-part.js';
import { datasets, type LoadedData } from './datasets.js';

/** The rows of a run. */
export interface RunData {
  readonly train: MultiTaskDataset;
  /** Only where `split.validation` asks for it. */
  readonly validation?: MultiTaskDataset;
  readonly test: MultiTaskDataset;
}

/**
 * Loads the data of a configuration and sets the validation rows apart; what is wrong goes to its list of mistakes.
 *
 * @returns The data; undefined where they cannot be had.
 */
export async function loadData(loaded: LoadedConfig, report: ReportPart): Promise<RunData | undefined> {
  const { sections, folder, mistakes } = loaded;
  if (sections.data === undefined) return undefined;
  const data = await buildPart<LoadedData>(sections.data, ['data'], datasets, { folder }, report);
  if (data === undefined) return undefined;
  for (const part of ['train', 'test'] as const) {
    if (isDataset(data[part])) continue;
    const source = String((sections.data as { use?: unknown }).use);
    mistakes.add(['data', 'use'], `\`${source}\` must give { train, test }, two data sets, but \`${part}\` is none`);
    return undefined;
  }
  return sections.split === undefined ? data : setApart(data, sections.split, mistakes.add);
}

function setApart(
  data: LoadedData,
  { validation, seed }: Config['split'],
  add: LoadedConfig['mistakes']['add'],
): RunData | undefined {
  if (validation === 0) return { train: data.train, test: data.test };
  if (!('gather' in data.train)) {
    add(['split', 'validation'], 'rows can only be set apart from data in memory, and these are streamed');
    return undefined;
  }
  try {
    const fractions = { train: 1 - validation, validation };
    const { parts } = splitDataset(data.train as TableDataset, fractions, seed);
    return { train: parts.train, validation: parts.validation, test: data.test };
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
