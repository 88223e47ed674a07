import { stringify } from 'yaml';
import type { RunDocument } from '../run/document.js';
import type { PageTable, Section } from './page.js';
import { measured, type ReportedRun } from './reported-run.js';

/** Columns that are listed; run.json has all. */
const mostColumns = 100;

/** What was learned from: rows, labels per task, columns. */
export function dataSection(runs: readonly ReportedRun[]): Section {
  const groups = new Map<string, ReportedRun[]>();
  for (const run of runs) {
    const key = JSON.stringify(run.document.fingerprints);
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  const same = groups.size === 1;
  const named = [...groups.values()].map(([first, ...others]) => ({
    name: [first, ...others].map((run) => run?.name).join(', '),
    document: (first as ReportedRun).document,
  }));
  return {
    title: 'Data',
    notes: [
      ...(runs.length > 1
        ? [
            same
              ? 'All runs have the same rows.'
              : 'The runs do not have the same rows: their numbers cannot be compared.',
          ]
        : []),
      ...named.flatMap(({ document }) => notesOf(document)),
    ],
    tables: named.flatMap(({ name, document }) => [
      rowsTable(document, runs.length > 1 ? name : undefined),
      ...columnsTable(document),
    ]),
  };
}

function notesOf({ data }: RunDocument): string[] {
  const { notes = [], columns = [] } = (data ?? {}) as { notes?: readonly string[]; columns?: readonly unknown[] };
  const more = columns.length > mostColumns ? [`${columns.length} columns; the first ${mostColumns} are listed.`] : [];
  return [...notes, ...more];
}

function rowsTable({ rows, tasks, joint, data }: RunDocument, name: string | undefined): PageTable {
  const { columns = [] } = (data ?? {}) as { columns?: readonly { column: string; missing: number; use: string }[] };
  const all = rows.train + rows.validation + rows.test;
  return {
    head: [
      'task',
      ...(name === undefined ? [] : ['runs']),
      'kind',
      'rows for training',
      'validation',
      'test',
      'test rows with a label',
      'labels missing',
    ],
    rows: tasks.map((task) => {
      const column = columns.find((one) => one.use === 'label' && one.column === task.name);
      const share =
        column === undefined ? '–' : `${column.missing} (${measured((100 * column.missing) / Math.max(1, all))} %)`;
      return [
        task.name,
        ...(name === undefined ? [] : [name]),
        task.type,
        rows.train,
        rows.validation,
        rows.test,
        Number(joint?.tasks?.[task.name]?.rows ?? 0),
        share,
      ];
    }),
  };
}

function columnsTable({ data }: RunDocument): PageTable[] {
  const { columns = [] } = (data ?? {}) as {
    columns?: readonly {
      column: string;
      use: string;
      type: string;
      why: string;
      missing: number;
      width?: number;
      range?: readonly [unknown, unknown];
      values?: readonly unknown[];
      different?: number;
    }[];
  };
  if (columns.length === 0) return [];
  const rows = columns
    .slice(0, mostColumns)
    .map(({ column, use, type, why, missing, width, range, values = [], different }) => {
      const more = different !== undefined && different > values.length ? ', …' : '';
      const holds =
        range === undefined ? `${values.map(String).join(', ')}${more}` : `${shown(range[0])} to ${shown(range[1])}`;
      return [column, use, `${type}, ${why}`, width ?? '', different ?? '', missing, holds];
    });
  return [{ head: ['column', 'use', 'taken for', 'numbers', 'different', 'missing', 'values'], rows }];
}

function shown(value: unknown): string {
  return typeof value === 'number' ? measured(value) : String(value);
}

/** What was asked for, and what it took. */
export function configurationSection(runs: readonly ReportedRun[]): Section {
  const rows = runs.map(({ name, document }) => {
    const { joint, backend, seconds, seed, overSeeds } = document;
    return [
      name,
      document.status,
      overSeeds === undefined ? seed : overSeeds.seeds.join(', '),
      joint?.parameters ?? 0,
      joint?.epochs ?? 0,
      joint === undefined ? '–' : `${measured(joint.seconds.training)} s`,
      seconds === undefined ? '–' : `${measured(seconds)} s`,
      backend.name,
      document.started,
    ];
  });
  return {
    title: 'Configuration',
    tables: [
      { head: ['run', 'status', 'seed', 'parameters', 'epochs', 'training', 'whole run', 'backend', 'started'], rows },
    ],
    text: runs.map(({ name, document }) => `# ${name}\n${stringify(document.given)}`).join('\n'),
  };
}
