import type { Config } from '../config/schema.js';
import { partAt } from './tables.js';

/** Tasks whose labels all count the same, however many a task has, unless they say otherwise. */
export function withWeights(tasks: Config['tasks']): Config['tasks'] {
  return (tasks as unknown as Record<string, unknown>[]).map((task) =>
    partAt(task)?.options.weight === undefined || 'weight' in task ? task : { ...task, weight: 'labelled-share' },
  ) as unknown as Config['tasks'];
}
