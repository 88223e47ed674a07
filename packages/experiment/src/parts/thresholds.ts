import type { Config } from '../config/schema.js';
import { partAt } from './tables.js';

type Tasks = Config['tasks'];
type Written = readonly { readonly name: string; readonly threshold?: unknown }[];

/** Tasks that a threshold belongs to. */
export const tasksWithThreshold = (tasks: Tasks): string[] =>
  (tasks as unknown as Written)
    .filter((task) => 'threshold' in (partAt(task as never)?.options ?? {}))
    .map(({ name }) => name);

/** Tasks whose threshold is to be found on validation rows. */
export const tasksWithAuto = (tasks: Tasks): string[] =>
  (tasks as unknown as Written).filter(({ threshold }) => threshold === 'auto').map(({ name }) => name);

/** The tasks of a configuration with other thresholds. */
export const withThresholds = (tasks: Tasks, thresholds: { readonly [task: string]: number | 'auto' }): Tasks =>
  (tasks as unknown as Written).map((task) =>
    Object.hasOwn(thresholds, task.name) ? { ...task, threshold: thresholds[task.name] } : task,
  ) as unknown as Tasks;
