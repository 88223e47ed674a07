import { join, relative } from 'node:path';
import type { LoadedConfig } from '../config/load-config.js';
import type { RunDocument } from './document.js';

/** The folder of a fold's run, within that of the whole. */
export const foldFolder = (path: string, fold: number) => join(path, `fold-${fold}`);

/** How many folds a configuration asks to be trained one after another; undefined where it is one run. */
export function foldsOf({ sections: { split } }: Pick<LoadedConfig, 'sections'>): number | undefined {
  return split?.fold === undefined ? split?.folds : undefined;
}

/**
 * What the runs of folds say together: results of each, and of every metric that can be ranked its mean and standard deviation.
 *
 * @param whole - Of the first fold before it was trained.
 * @param documents - Of the folds that have begun, in their order.
 * @param folds - How many there are in all.
 */
export function overFolds(whole: RunDocument, documents: readonly RunDocument[], folds: number): RunDocument {
  const done = documents.filter(({ status }) => status === 'done');
  const status = done.length === folds ? 'done' : (documents.find((one) => one.status !== 'done')?.status ?? 'running');
  const seconds = documents.reduce((sum, one) => sum + (one.seconds ?? 0), 0);
  const measured = whole.tasks.map(({ name, better }) => {
    const metrics = ['loss', ...Object.keys(better)].flatMap((metric) => {
      const values = done
        .map(({ joint }) => joint?.tasks?.[name]?.[metric])
        .filter((value): value is number => typeof value === 'number' && Number.isFinite(value));
      return values.length === 0 ? [] : [[metric, meanAndSpread(values)] as const];
    });
    return [name, Object.fromEntries(metrics)] as const;
  });
  const { joint: _, baseline: __, ...facts } = whole;
  return {
    ...facts,
    status,
    ...(status === 'running' ? {} : { finished: new Date().toISOString() }),
    folds: done.map(({ folder, rows, joint }) => ({
      folder: relative(whole.folder, folder),
      rows,
      tasks: joint?.tasks ?? {},
    })),
    overFolds: Object.fromEntries(measured),
    seconds,
  };
}

function meanAndSpread(values: readonly number[]): { mean: number; spread: number | null } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, spread: values.length < 2 ? null : Math.sqrt(squares / (values.length - 1)) };
}
