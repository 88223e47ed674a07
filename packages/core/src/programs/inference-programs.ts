import type * as tf from '@tensorflow/tfjs';
import type { NamedTensors } from '../contracts/tensors.js';
import { feedsUnder } from '../training/batch-feeds.js';
import type { ProgramParts } from './program-parts.js';

/** The model in inference mode. */
export function inferencePrograms({ model, constants, once }: ProgramParts) {
  return {
    /** Predictions of every task; with targets fed also every row's loss. */
    predict: (withLosses: boolean) =>
      once(`predict ${withLosses}`, () => ({
        name: withLosses ? 'evaluate' : 'predict',
        run(feeds, context) {
          const step = { training: false, uniform: context.uniform };
          const state = model.sharing.forward(feedsUnder('input', feeds), step, {});
          const found: Record<string, tf.Tensor> = {};
          for (const task of model.tasks) {
            const outputs = state.outputs[task.name] as NamedTensors;
            found[`prediction/${task.name}`] = task.predict(outputs, constants[task.name] ?? {});
            if (withLosses) {
              const target = feeds[`target/${task.name}`] as tf.Tensor;
              found[`loss/${task.name}`] = task.loss(outputs, target, constants[task.name] ?? {});
            }
          }
          return found;
        },
      })),
  };
}
