import {
  type AuxiliaryObjective,
  createTrainer,
  defineSharing,
  regression,
  type StepEvent,
  sgd,
  tableDataset,
} from '@polytask/core';
import { strict } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';

/** Numbers that are products with an input `x`: y = x · w, with these w at first, by task. */
export function linearModel(weights: { readonly [task: string]: readonly number[] }) {
  const tasks = Object.keys(weights).map((name) => regression(name, { standardize: false }));
  const sharing = defineSharing({
    name: 'linear',
    bind({ scope }) {
      const variables = Object.entries(weights).map(([name, w]) => {
        const place = scope.child(name, { usedBy: [name] });
        return [name, place.variable('w', [w.length, 1], () => Float32Array.from(w))] as const;
      });
      return {
        forward({ x }) {
          const outputs = variables.map(
            ([name, w]) => [name, tf.matMul(x as tf.Tensor2D, w as unknown as tf.Tensor2D)] as const,
          );
          return {
            outputs: Object.fromEntries(outputs.map(([name, value]) => [name, { value }])),
            features: Object.fromEntries(outputs),
            intermediates: {},
          };
        },
      };
    },
  });
  return { tasks, sharing };
}

/** Trains it in steps over all rows; a label that is NaN is missing. */
export async function trainLinear(
  weights: { readonly [task: string]: readonly number[] },
  x: readonly (readonly number[])[],
  labels: { readonly [task: string]: readonly number[] },
  auxiliary: AuxiliaryObjective[],
  { steps = 1, learningRate = 1e-30 } = {},
) {
  const data = tableDataset({
    inputs: { x: { data: Float32Array.from(x.flat()), shape: [x.length, x[0]?.length ?? 0] } },
    columns: labels,
  });
  const events: StepEvent[] = [];
  const seen: Record<string, number[]>[] = [];
  const optimizer = sgd({ learningRate });
  const trainer = await createTrainer({ ...linearModel(weights), auxiliary, optimizer, executor: strict(), seed: 5 });
  const values = async () => {
    const found: Record<string, number[]> = {};
    for (const task of Object.keys(weights)) {
      found[task] = Array.from((await trainer.parameters?.read(`${task}/w`))?.data ?? []);
    }
    return found;
  };
  try {
    const watch = {
      async stepEnd(event: StepEvent) {
        events.push(event);
        seen.push(await values());
      },
    };
    await trainer.fit(data, { epochs: steps, batchSize: x.length, shuffle: false, callbacks: [watch] });
    return { events, seen, logged: trainer.history?.logged ?? {} };
  } finally {
    trainer.dispose();
  }
}
