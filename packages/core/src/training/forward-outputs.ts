import { UnknownNameError } from '../errors/unknown-name-error.js';
import type { Model } from '../model/multi-task-model.js';

/**
 * Refuses names that are not of what a forward pass can give (`ForwardOutput`).
 *
 * @param losses - Whether it has labels to take losses by.
 */
export function requireOutputs(
  { outputs, tasks }: Pick<Model, 'outputs' | 'tasks'>,
  names: readonly string[],
  losses = true,
): void {
  const known = [
    ...outputs,
    ...tasks.flatMap(({ name }) => [...(losses ? [`loss/${name}`] : []), `prediction/${name}`]),
  ];
  for (const name of names) {
    if (!known.includes(name)) throw new UnknownNameError('output of the forward pass', name, known);
  }
}
