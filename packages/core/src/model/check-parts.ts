import type { AuxiliaryObjective } from '../contracts/auxiliary.js';
import type { Observer } from '../contracts/observer.js';
import { PolytaskError } from '../errors/polytask-error.js';
import { UnknownNameError } from '../errors/unknown-name-error.js';
import { checkPart } from './check-part.js';
import type { ModelParts } from './model-parts.js';

/** Checks what can be checked before there are inputs. */
export function checkParts(parts: Omit<ModelParts, 'inputs' | 'seed' | 'limit'>): void {
  const { tasks, sharing, auxiliary, balancing, observers = [] } = parts;
  if (tasks.length === 0)
    throw new PolytaskError('POLYTASK_NO_TASKS', 'A model needs at least one task; `tasks` is empty.');
  for (const task of tasks) checkPart(task, 'tasks', 'task');
  const seen = new Set<string>();
  for (const { name } of [...tasks, ...numbered(auxiliary)]) {
    if (name in Object.prototype) {
      throw new PolytaskError(
        'POLYTASK_RESERVED_NAME',
        `Tasks and auxiliary objectives must not be called \`${name}\`: every JavaScript object has something of that name, which would ` +
          'be mistaken for theirs. Rename it; a task keeps its target by `column`.',
      );
    }
    if (seen.has(name)) {
      throw new PolytaskError(
        'POLYTASK_DUPLICATE_NAME',
        `Names of tasks and auxiliary objectives must differ, but \`${name}\` occurs twice. Rename a task.`,
      );
    }
    seen.add(name);
  }
  checkPart(sharing, 'sharing', 'sharing');
  for (const one of auxiliary) checkPart(one, 'auxiliary', 'auxiliary');
  checkPart(balancing, 'balancing', 'loss-weighting', 'gradient-balancing', 'step-plan');
  for (const one of observers) checkPart(one, 'observers', 'observer');
  const names = tasks.map(({ name }) => name);
  for (const name of [
    ...(parts.primary === undefined ? [] : [parts.primary]),
    ...Object.values(parts.groups ?? {}).flat(),
  ]) {
    if (!names.includes(name)) throw new UnknownNameError('task', name, names);
  }
}

/** Parts with names that tell them apart where there may be several: `penalty`, `penalty-2`, ... */
export function numbered<Part extends AuxiliaryObjective | Observer>(
  parts: readonly Part[],
): { name: string; description: Part }[] {
  const counts = new Map<string, number>();
  return parts.map((description) => {
    const count = (counts.get(description.name) ?? 0) + 1;
    counts.set(description.name, count);
    return { name: count === 1 ? description.name : `${description.name}-${count}`, description };
  });
}
