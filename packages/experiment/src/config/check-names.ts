import { listNames } from '@polytask/core';
import { partAt } from '../parts/tables.js';
import { type Met, walkOptions } from '../parts/walk-options.js';
import { validationShare } from './defaults.js';
import { didYouMean } from './explain-issues.js';
import type { LoadedConfig } from './load-config.js';
import { isMapping, type Path, valueAt } from './paths.js';

/** What the schema cannot see: names that have to agree with each other. Looks at what was written, right or not. */
export function checkNames({ raw, sections, mistakes }: LoadedConfig): void {
  const names = taskNames(raw);
  const unknownTask = (path: Path, name: string, atKey: boolean) => {
    const known = [...new Set(names)].filter((one) => one !== '');
    const expected = known.length === 0 ? 'a task' : `one of ${listNames(known, { plain: true })}`;
    mistakes.add(path, `there is no task \`${name}\`; expected ${expected}${didYouMean(name, names)}`, atKey);
  };
  names.forEach((name, index) => {
    if (name in Object.prototype) {
      mistakes.add(
        ['tasks', index, 'name'],
        `\`${name}\` cannot be a task's name, since every JavaScript object has something of that name; give the task another one, and ` +
          `\`column: ${name}\` for its targets`,
      );
    }
    const first = names.indexOf(name);
    if (name === '' || first === index) return;
    mistakes.add(
      ['tasks', index, 'name'],
      `\`tasks[${first}]\` is named \`${name}\` already; give every task its own name`,
    );
  });

  for (const { takes, value, path } of namesIn(raw)) {
    if (takes.type === 'task' && typeof value === 'string' && !names.includes(value)) unknownTask(path, value, false);
    if (takes.type !== 'record' || takes.keys !== 'task' || !isMapping(value)) continue;
    for (const name of Object.keys(value)) if (!names.includes(name)) unknownTask([...path, name], name, true);
  }

  const { primary, groups } = raw;
  if (typeof primary === 'string' && !names.includes(primary)) unknownTask(['primary'], primary, false);
  for (const [group, members] of Object.entries(isMapping(groups) ? groups : {})) {
    if (!Array.isArray(members)) continue;
    for (const [index, name] of members.entries()) {
      if (typeof name === 'string' && !names.includes(name)) unknownTask(['groups', group, index], name, false);
    }
  }

  const { backend } = raw;
  if (raw.threads !== undefined && typeof backend === 'string' && ['wasm', 'cpu', 'node'].includes(backend)) {
    const message = `\`threads\` is for compiled steps, but the backend is \`${backend}\`; leave one of them out`;
    mistakes.add(['threads'], message, true);
  }

  const { training, split, seed = 0, repeat = 1 } = sections;
  if (seed > Number.MAX_SAFE_INTEGER - (repeat - 1)) {
    const message = `the last of ${repeat} seeds would be above ${Number.MAX_SAFE_INTEGER}, where whole numbers are no longer told apart`;
    mistakes.add(['seed'], `${message}; take a smaller one`);
  }
  // Whether a column marks validation rows is known when it has been read.
  const none =
    split !== undefined &&
    split.column === undefined &&
    split.files?.validation === undefined &&
    validationShare(sections) === 0;
  const keepBest = training?.checkpoints.keepBest;
  if (keepBest !== undefined) {
    const path = ['training', 'checkpoints', 'keepBest'];
    if (none) {
      const advice = 'set some apart, such as `split: { validation: 0.1 }`';
      mistakes.add(path, `validation rows say which epoch is best; ${advice}`, true);
    }
    if (typeof keepBest === 'object' && !names.includes(keepBest.task)) {
      unknownTask([...path, 'task'], keepBest.task, false);
    }
  }
  const stopping = training?.earlyStopping;
  if (stopping === undefined || stopping === false) return;
  const place = ['training', 'earlyStopping'];
  if (none) {
    mistakes.add(
      place,
      'early stopping watches validation rows; set some apart, such as `split: { validation: 0.1 }`',
      true,
    );
  }
  if (stopping === true) return;
  if (stopping.freeze && stopping.monitor !== 'tasks') {
    const message =
      'tasks can be frozen where every one is watched by itself; set `monitor: tasks`, or leave `freeze` out';
    mistakes.add([...place, 'freeze'], message);
  }
  if (typeof stopping.monitor === 'object' && !names.includes(stopping.monitor.task)) {
    unknownTask([...place, 'monitor', 'task'], stopping.monitor.task, false);
  }
}

/** Names of the tasks as written, in order; an empty text for those that have none. */
export function taskNames(raw: Readonly<Record<string, unknown>>): string[] {
  if (!Array.isArray(raw.tasks)) return [];
  return raw.tasks.map((_, index) => {
    const name = valueAt(raw, ['tasks', index, 'name']);
    return typeof name === 'string' ? name : '';
  });
}

/** Everything that the options of parts say, in all places of a configuration where parts may stand. */
function namesIn(raw: Readonly<Record<string, unknown>>): Met[] {
  const met: Met[] = [];
  const visit = (value: unknown, path: Path): void => {
    if (Array.isArray(value)) for (const [index, item] of value.entries()) visit(item, [...path, index]);
    const part = isMapping(value) ? partAt(value) : undefined;
    if (part !== undefined) walkOptions(part.options, value as never, path, partAt, (one) => met.push(one));
  };
  for (const [key, value] of Object.entries(raw)) if (key !== 'data') visit(value, [key]);
  return met;
}
