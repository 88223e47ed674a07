import * as adversarial from '@polytask/adversarial';
import * as analysis from '@polytask/analysis';
import * as attention from '@polytask/attention';
import * as complementarity from '@polytask/complementarity';
import * as core from '@polytask/core';
import { describedParts, type PartDescription } from '@polytask/core';
import * as files from '@polytask/core/node';
import * as data from '@polytask/data';
import * as hardSharing from '@polytask/hard-sharing';
import * as softSharing from '@polytask/soft-sharing';
import * as taskWeighting from '@polytask/task-weighting';
import type * as z from 'zod';
import * as datasets from './datasets.js';
import * as mixings from './mixings.js';
import { type PartSlot, type PartTable, slotSchema } from './part-table.js';

/** Whatever these export with a description has its short name in run files; of two with the same name the later one counts. */
const modules: readonly object[] = [
  core,
  files,
  data,
  hardSharing,
  adversarial,
  analysis,
  attention,
  complementarity,
  softSharing,
  taskWeighting,
  mixings,
  datasets,
];

const slots: readonly PartSlot[] = [
  { id: 'data', role: 'data set', kinds: ['data'], key: 'use', place: 'data: { use }' },
  { id: 'task', role: 'task', kinds: ['task'], key: 'type', place: 'tasks: [{ type }]' },
  { id: 'sharing', role: 'sharing strategy', kinds: ['sharing'], key: 'use', place: 'sharing: { use }' },
  { id: 'encoder', role: 'encoder', kinds: ['encoder'], key: 'use', place: 'encoder, head: { use }' },
  {
    id: 'balancing',
    role: 'balancing strategy',
    kinds: ['loss-weighting', 'gradient-balancing', 'step-plan'],
    key: 'use',
    place: 'balancing: { use }',
  },
  {
    id: 'auxiliary',
    role: 'auxiliary objective',
    kinds: ['auxiliary'],
    key: 'use',
    place: 'auxiliary: [{ use }]',
  },
  { id: 'observer', role: 'observer', kinds: ['observer'], key: 'use', place: 'observers: [{ use }]' },
  { id: 'optimizer', role: 'optimizer', kinds: ['optimizer'], key: 'use', place: 'optimizer: { use }' },
  {
    id: 'schedule',
    role: 'learning rate schedule',
    kinds: ['learning-rate-schedule'],
    key: 'use',
    place: 'schedule: { use }',
  },
  { id: 'metric', role: 'metric', kinds: ['metric'], key: 'use', place: 'tasks: [{ metrics: [{ use }] }]' },
  { id: 'mixing', role: 'mixing policy', kinds: ['schedule'], key: 'use', place: 'data.mixing: { use }' },
];

const known = new Map<string, PartDescription>(
  modules.flatMap((module) => [...describedParts(module as never).values()].map((part) => [part.name, part] as const)),
);

/** All parts with a short name, by where they stand. A name is in one table only, so that it alone says what is meant. */
export const partTables: readonly PartTable[] = slots.map((slot) => ({
  ...slot,
  parts: new Map([...known].filter(([, { kind }]) => slot.kinds.includes(kind))),
}));

/** The table of the place that takes parts of these kinds; what stands nowhere in a run file has none. */
export function tableFor(...kinds: readonly string[]): PartTable {
  const found = partTables.find((table) => kinds.some((kind) => table.kinds.includes(kind)));
  return found ?? { id: 'part', role: 'part', kinds, key: 'use', place: 'use', parts: new Map() };
}

/** The table that has a short name. */
export function tableOf(name: string): PartTable | undefined {
  return partTables.find(({ parts }) => parts.has(name));
}

/** The description of the part that a mapping names by its short name. */
export function partAt(written: Readonly<Record<string, unknown>>): PartDescription | undefined {
  const named = [written.use, written.type].find((name) => typeof name === 'string');
  return named === undefined ? undefined : known.get(named as string);
}

/** All short names. */
export function allNames(): string[] {
  return partTables.flatMap(({ parts }) => [...parts.keys()]);
}

/** The schema of the place that takes parts of these kinds. */
export type PlaceSchema = <Made>(...kinds: readonly string[]) => z.ZodType<Made>;

/** Schemas of all places, together with further parts by the names under which a run file has them. */
export function placesWith(further: ReadonlyMap<string, PartDescription>): PlaceSchema {
  const schemas = new Map<string, z.ZodType>();
  const place: PlaceSchema = (...kinds) => {
    const table = tableFor(...kinds);
    const parts = new Map([...table.parts, ...[...further].filter(([, { kind }]) => table.kinds.includes(kind))]);
    const made = schemas.get(table.id) ?? slotSchema({ ...table, parts }, (inner) => place(...inner));
    schemas.set(table.id, made);
    return made as never;
  };
  return place;
}

/** Schemas of all places for parts with short names. */
export const placeSchema = placesWith(new Map());
