import { createTrainer, defineSharing, regression, type SharingStrategy, sgd } from '@polytask/core';
import { strict } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { pcgrad } from '../acid/methods/pcgrad.js';
import { toyTable } from '../acid/support/toy-data.js';

/** Task b reads a variable that is said to be a's. */
function sharing(claimed: readonly string[]): SharingStrategy {
  return defineSharing({
    name: 'claims',
    bind({ tasks, scope }) {
      const make = (name: string, usedBy: readonly string[]) =>
        scope.child(name, { usedBy }).variable('weight', [4, 1], () => Float32Array.of(1, 2, 3, 4));
      const common = make('common', ['a', 'b']);
      const own = make('own', claimed);
      return {
        forward({ x }) {
          const value = tf.matMul(x as tf.Tensor2D, tf.add(common, own) as tf.Tensor2D);
          const each = <T>(one: T) => Object.fromEntries(tasks.map(({ name }) => [name, one]));
          return { outputs: each({ value }), features: each(value), intermediates: {} };
        },
      };
    },
  });
}

const data = toyTable(['a', 'b'], 4);
const tasks = ['a', 'b'].map((name) => regression(name));

it.each([undefined, pcgrad()])(
  'strict() refuses a gradient by a variable that does not name its task',
  async (balancing) => {
    const run = async (claimed: readonly string[]) => {
      const trainer = await createTrainer({
        tasks,
        sharing: sharing(claimed),
        balancing,
        executor: strict(),
        optimizer: sgd(),
      });
      try {
        await trainer.fit(data, { epochs: 1, batchSize: 4 });
      } finally {
        trainer.dispose();
      }
    };
    await tf.setBackend('cpu');
    const tensors = tf.memory().numTensors;
    await expect(run(['a'])).rejects.toThrow(/`own\/weight` names `a`, and task `b` has a gradient by it/);
    await expect(run([])).rejects.toThrow(expect.objectContaining({ code: 'POLYTASK_USED_BY' }));
    await expect(run(['a', 'b'])).resolves.toBeUndefined();
    expect(tf.memory().numTensors).toBe(tensors);
  },
);
