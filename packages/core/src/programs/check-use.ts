import * as tf from '@tensorflow/tfjs';
import type { Program } from '../contracts/executor.js';
import type { Segment } from '../contracts/parameters.js';
import { PolytaskError } from '../errors/polytask-error.js';
import type { Model } from '../model/multi-task-model.js';
import type { ForwardPass } from './forward-pass.js';
import { gradientOf, onTape } from './tape.js';

/**
 * Compares every task's gradient with what variables say of who uses them (`usedBy`): a gradient by a variable that the task does not
 * use is left out of its row of the Jacobian, silently.
 */
export function checkUse({ layout, tasks }: Model, forward: ForwardPass): NonNullable<Program['check']> {
  const unusedBy = tasks.map(({ name }) =>
    layout.segments.filter(({ group, usedBy }) => group !== 'balancing' && !usedBy.includes(name)),
  );
  return (feeds, context) => {
    tf.tidy(() => {
      const before = layout.stateSegments.map(({ variable }) => tf.clone(variable));
      const found = new Map<string, { readonly task: string; readonly segment: Segment }>();
      const largest = onTape(() => {
        const { losses } = forward(feeds, context);
        const sizes: Record<string, tf.Tensor> = {};
        tasks.forEach(({ name }, k) => {
          const segments = unusedBy[k] as readonly Segment[];
          const gradients = gradientOf(
            losses[k] as tf.Tensor,
            segments.map(({ variable }) => variable),
          );
          gradients.forEach((gradient, i) => {
            if (gradient === undefined) return;
            const key = `${k} ${i}`;
            found.set(key, { task: name, segment: segments[i] as Segment });
            sizes[key] = tf.max(tf.abs(gradient));
          });
        });
        return sizes;
      });
      layout.stateSegments.forEach(({ variable }, i) => {
        variable.assign(before[i] as tf.Tensor);
      });
      for (const [key, { task, segment }] of found) {
        if (!(((largest[key] as tf.Tensor).dataSync()[0] as number) > 0)) continue;
        const users = segment.usedBy.map((one) => `\`${one}\``).join(', ') || 'no task';
        throw new PolytaskError(
          'POLYTASK_USED_BY',
          `A variable must name all tasks whose outputs depend on it, but \`${segment.path}\` names ${users}, and task ` +
            `\`${task}\` has a gradient by it. Make it in a scope that all of them use: \`scope.child(name, { usedBy: [...] })\`.`,
        );
      }
    });
  };
}
