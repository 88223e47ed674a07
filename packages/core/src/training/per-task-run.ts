import type * as tf from '@tensorflow/tfjs';
import { fillModel } from '../checkpoints/trained-model.js';
import { defineSharing, type SharingStrategy } from '../contracts/sharing.js';
import type { HostTensor, NamedTensors } from '../contracts/tensors.js';
import { sumOfLosses } from '../plans/sum-of-losses.js';
import { openRun, type Run, type RunDescription } from './run.js';

/**
 * The description of a model that is one whole model for every task, each from another epoch. It predicts and measures; what only
 * training needs is left out.
 */
export function perTaskDescription(description: RunDescription): RunDescription {
  return {
    ...description,
    sharing: perTaskCopies(description.sharing),
    balancing: sumOfLosses(),
    auxiliary: [],
    observers: [],
    perTask: true,
  };
}

/** Opens a model of this run's snapshots: every task from its own, and from the run as it is now where it has none. */
export async function openPerTask(run: Run): Promise<Run> {
  const { description, model, runtime, constants, overlays } = run;
  const { session, parameters } = runtime;
  const now = { values: await session.download(parameters.values), state: await session.download(parameters.state) };
  const fresh = await openRun(perTaskDescription(description), model.inputs, constants, overlays);
  try {
    const slice = (path: string): HostTensor => {
      const [room, task] = path.split('/') as [string, string];
      const source = room === 'copies' ? path.slice(`${room}/${task}/`.length) : path;
      const { values, state } = run.best[model.tasks.findIndex(({ name }) => name === task)] ?? now;
      const from = model.layout.segments.find((segment) => segment.path === source);
      const segment = from ?? model.layout.stateSegments.find((one) => one.path === source);
      const { offset, size, shape } = segment as NonNullable<typeof segment>;
      return { data: (from === undefined ? state : values).data.slice(offset, offset + size), shape };
    };
    const { segments, stateSegments } = fresh.model.layout;
    const variables = Object.fromEntries([...segments, ...stateSegments].map(({ path }) => [path, slice(path)]));
    fresh.model.sharing.loadState?.(structuredClone(model.sharing.saveState?.() ?? {}));
    fillModel(fresh, { variables, reached: runtime.reached });
    await fresh.runtime.session.sync(fresh.runtime.parameters);
    return fresh;
  } catch (error) {
    fresh.dispose();
    throw error;
  }
}

/** The strategy once for every task, below `copies/<task>`; of each only that task's outputs are used. */
function perTaskCopies(sharing: SharingStrategy): SharingStrategy {
  const { name, cites, options } = sharing;
  return defineSharing({
    name,
    cites,
    options,
    bind(context) {
      const copies = context.tasks.map(({ name: task }) => {
        const scope = context.scope.child('copies').child(task, { usedBy: [task] });
        return { task, bound: sharing.bind({ ...context, scope }) };
      });
      // They go through the same steps, so one speaks for all.
      const first = copies[0]?.bound;
      return {
        ...(first?.feeds === undefined ? {} : { feeds: (step) => first.feeds?.(step) ?? {} }),
        saveState: () => first?.saveState?.() ?? {},
        loadState(state) {
          for (const { bound } of copies) bound.loadState?.(state);
        },
        forward(inputs, step, numbers) {
          const outputs: Record<string, NamedTensors> = {};
          const features: Record<string, tf.Tensor> = {};
          const intermediates: Record<string, tf.Tensor> = {};
          for (const { task, bound } of copies) {
            const state = bound.forward(inputs, step, numbers);
            outputs[task] = state.outputs[task] as NamedTensors;
            features[task] = state.features[task] as tf.Tensor;
            for (const [key, tensor] of Object.entries(state.intermediates)) intermediates[`${task}/${key}`] = tensor;
          }
          return { outputs, features, intermediates };
        },
        dispose() {
          for (const { bound } of copies) bound.dispose?.();
        },
      };
    },
  });
}
