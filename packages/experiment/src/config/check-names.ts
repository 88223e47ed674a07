import { sharings } from '../parts/sharing.js';
import { didYouMean } from './explain-issues.js';
import type { LoadedConfig } from './load-config.js';
import { isMapping, type Path, valueAt } from './paths.js';

/** What the schema cannot see: names that have to agree with each other. Looks at what was written, right or not. */
export function checkNames({ raw, sections, mistakes }: LoadedConfig): void {
  const names = taskNames(raw);
  const unknownTask = (path: Path, name: string, atKey: boolean) => {
    const known = [...new Set(names)].filter((one) => one !== '');
    const expected = known.length === 0 ? 'a task' : `one of ${known.join(', ')}`;
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

  const sharing = raw.sharing;
  if (isMapping(sharing) && sharings.parts.has(String(sharing.use))) {
    for (const option of ['head', 'adapters']) {
      const byTask = sharing[option];
      if (!isMapping(byTask) || typeof byTask.use === 'string') continue;
      for (const name of Object.keys(byTask)) {
        if (!names.includes(name)) unknownTask(['sharing', option, name], name, true);
      }
    }
    checkTree(sharing.tree, names, (path, name) => unknownTask(path, name, false), mistakes.add);
  }

  const { backend } = raw;
  if (raw.threads !== undefined && typeof backend === 'string' && ['wasm', 'cpu', 'node'].includes(backend)) {
    const message = `\`threads\` is for compiled steps, but the backend is \`${backend}\`; leave one of them out`;
    mistakes.add(['threads'], message, true);
  }

  const { training, split } = sections;
  const keepBest = training?.checkpoints.keepBest;
  if (keepBest !== undefined) {
    const path = ['training', 'checkpoints', 'keepBest'];
    if (split?.validation === 0) {
      const advice = 'set some apart, such as `split: { validation: 0.1 }`';
      mistakes.add(path, `the best epoch is told by validation rows; ${advice}`, true);
    }
    if (typeof keepBest === 'object' && !names.includes(keepBest.task)) {
      unknownTask([...path, 'task'], keepBest.task, false);
    }
  }
  const stopping = training?.earlyStopping;
  if (stopping === undefined) return;
  const place = ['training', 'earlyStopping'];
  if (split?.validation === 0) {
    mistakes.add(
      place,
      'early stopping watches validation rows; set some apart, such as `split: { validation: 0.1 }`',
      true,
    );
  }
  if (typeof stopping.monitor === 'object' && !names.includes(stopping.monitor.task)) {
    unknownTask([...place, 'monitor', 'task'], stopping.monitor.task, false);
  }
  if (stopping.monitor === 'tasks' && stopping.restoreBest === true) {
    const message = 'under `monitor: tasks` every task has a best epoch of its own; leave `restoreBest` out';
    mistakes.add([...place, 'restoreBest'], message);
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

/** Every task has its place in a tree of branches, once. */
function checkTree(
  tree: unknown,
  names: readonly string[],
  unknownTask: (path: Path, name: string) => void,
  add: (path: Path, message: string) => void,
): void {
  if (tree === undefined) return;
  const seen = new Set<string>();
  const visit = (node: unknown, path: Path): void => {
    const branches = isMapping(node) ? node.branches : undefined;
    if (!Array.isArray(branches)) return;
    branches.forEach((branch: unknown, index) => {
      const place = [...path, 'branches', index];
      if (typeof branch !== 'string') visit(branch, place);
      else if (!names.includes(branch)) unknownTask(place, branch);
      else if (seen.has(branch)) add(place, `the task \`${branch}\` is in this tree twice; expected every task once`);
      else seen.add(branch);
    });
  };
  visit(tree, ['sharing', 'tree']);
  const missing = names.filter((name) => name !== '' && !seen.has(name));
  if (missing.length > 0) {
    add(
      ['sharing', 'tree'],
      `this tree lacks ${missing.map((name) => `\`${name}\``).join(', ')}; expected every task once`,
    );
  }
}
