import type * as tf from '@tensorflow/tfjs';
import type { ProgramContext } from '../contracts/executor.js';
import type { ForwardState } from '../contracts/forward-state.js';
import type { AnyTask, TaskConstants } from '../contracts/task.js';
import type { NamedTensors } from '../contracts/tensors.js';
import { UnknownNameError } from '../errors/unknown-name-error.js';
import type { Model } from '../model/multi-task-model.js';
import { stateTensors } from '../model/trial-pass.js';
import { feedsUnder } from '../training/batch-feeds.js';
import { heldForward, taskFunctions, taskNamed } from './forward-pass.js';
import type { ProgramParts } from './program-parts.js';

/** The model by itself: predictions, and everything else that a forward pass gives. */
export function inferencePrograms({ model, constants, once }: ProgramParts) {
  const of = taskFunctions(model, constants);

  const pass = (feeds: NamedTensors, { uniform }: ProgramContext, training: boolean) =>
    heldForward(model, feedsUnder('input', feeds), { training, uniform }, feedsUnder('sharing', feeds));

  return {
    /** Predictions of every task; with targets fed also every row's loss. */
    predict: (withLosses: boolean) =>
      once(`predict ${withLosses}`, () => ({
        name: withLosses ? 'evaluate' : 'predict',
        run(feeds, context) {
          const state = pass(feeds, context, false);
          const found: Record<string, tf.Tensor> = {};
          for (const task of model.tasks) {
            found[`prediction/${task.name}`] = of.predict(task, state);
            if (withLosses) {
              found[`loss/${task.name}`] = of.loss(task, state, feeds[`target/${task.name}`] as tf.Tensor);
            }
          }
          return found;
        },
      })),
    /** These things of a forward pass, by the names of `ForwardOutput`; losses need targets fed. */
    forward: (names: readonly string[], training: boolean) =>
      once(`forward ${training} ${JSON.stringify(names)}`, () => ({
        name: training ? 'forward-in-training' : 'forward',
        run(feeds, context) {
          const state = pass(feeds, context, training);
          const found = { ...stateTensors(state), ...inspectedTensors(model, state, of.predict, constants, names) };
          for (const task of model.tasks) {
            if (names.includes(`prediction/${task.name}`)) found[`prediction/${task.name}`] = of.predict(task, state);
            if (names.includes(`loss/${task.name}`)) {
              found[`loss/${task.name}`] = of.loss(task, state, feeds[`target/${task.name}`] as tf.Tensor);
            }
          }
          return Object.fromEntries(names.map((name) => [name, found[name] as tf.Tensor]));
        },
      })),
  };
}

/** What auxiliary terms say of rows, as far as it is asked for. */
function inspectedTensors(
  { auxiliaries, tasks }: Model,
  state: ForwardState,
  predict: (task: AnyTask, state: ForwardState) => tf.Tensor,
  constants: { readonly [task: string]: TaskConstants },
  names: readonly string[],
): Record<string, tf.Tensor> {
  const found: Record<string, tf.Tensor> = {};
  for (const { name: part, inspected, bound } of auxiliaries) {
    const place = `intermediate/${part}`;
    const asked = inspected.filter((name) => names.includes(`${place}/${name}`));
    if (asked.length === 0) continue;
    const given =
      bound.inspect?.({ state, constants, predict: (task, at = state) => predict(taskNamed(tasks, task), at) }) ?? {};
    for (const name of asked) {
      const tensor = given[name];
      if (tensor === undefined)
        throw new UnknownNameError(`number that \`inspect\` of \`${part}\` gives`, name, Object.keys(given));
      found[`${place}/${name}`] = tensor;
    }
  }
  return found;
}
