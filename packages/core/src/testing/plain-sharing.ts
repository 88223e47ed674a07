import type { Encoder } from '../contracts/encoder.js';
import { defineSharing, type SharingStrategy } from '../contracts/sharing.js';
import { buildEncoder } from '../encoders/build-encoder.js';
import { mlp } from '../encoders/mlp.js';
import { buildHeads } from '../sharing-kit/build-heads.js';
import type { HeadOption } from '../sharing-kit/head.js';
import { buildRotations, type RotationsOption } from '../sharing-kit/rotations.js';
import { buildTaskInputs } from '../sharing-kit/task-inputs.js';

/**
 * A trunk for all tasks and a head per task: the least of a sharing strategy, for tests of everything else.
 *
 * @param encoder Default one layer of 8.
 * @param head Default none: one linear layer per output.
 * @param rotations Default none: see {@link buildRotations}.
 * @example
 * ```ts
 * import { createTrainer, regression } from '@polytask/core';
 * import { plainSharing } from '@polytask/core/testing';
 *
 * const inputs = { x: { shape: [3], dtype: 'float32' } } as const;
 * const trainer = await createTrainer({ tasks: [regression('y')], sharing: plainSharing(), inputs });
 * console.log(trainer.parameters?.layout.size); // => 41
 * trainer.dispose();
 * ```
 */
export function plainSharing(
  encoder: Encoder = mlp([8]),
  head?: HeadOption,
  rotations?: RotationsOption,
): SharingStrategy {
  return defineSharing({
    name: 'plain',
    bind({ tasks, inputs, scope }) {
      const { specs, applyShared } = buildTaskInputs(scope, tasks, inputs);
      const trunk = buildEncoder(encoder, scope.child('trunk'), specs);
      const turns = buildRotations(scope, tasks, trunk.output, rotations);
      const heads = buildHeads(scope, tasks, trunk.output, head);
      return {
        rotations: turns?.rotations,
        forward(x, step) {
          const { features, shared } = applyShared(x, step, trunk.apply);
          return heads.apply(turns?.apply(features) ?? features, step, { shared });
        },
      };
    },
  });
}
