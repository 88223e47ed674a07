import { balancings } from './balancing.js';
import { datasets } from './datasets.js';
import { encoders } from './encoders.js';
import { mixings } from './mixings.js';
import { optimizers } from './optimizers.js';
import type { PartTable } from './part-table.js';
import { schedules } from './schedules.js';
import { sharings } from './sharing.js';
import { taskTypes } from './tasks.js';

/** All tables of parts. No short name is in two of them, so that a name alone says what is meant. */
export const partTables: readonly PartTable[] = [
  datasets,
  taskTypes,
  sharings,
  encoders,
  balancings,
  optimizers,
  schedules,
  mixings,
];

/** The table that has a short name. */
export function tableOf(name: string): PartTable | undefined {
  return partTables.find(({ parts }) => parts.has(name));
}

/** All short names. */
export function allNames(): string[] {
  return partTables.flatMap(({ parts }) => [...parts.keys()]);
}
