import { firstStep, type LossWeighting, openScope } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { taskNames } from './support.js';

/** The scalar that a loss weighting makes of losses at its first step, all tasks present. */
export function scalarOf(part: LossWeighting, losses: readonly number[]): number {
  const names = taskNames(losses.length);
  const opened = openScope(names);
  const objectives = names.map((name) => ({ name, task: undefined }));
  const bound = part.bind({ tasks: names, objectives, scope: opened.scope, ...opened.bindings });
  const value = tf.tidy(() => {
    const given = Object.entries(bound.feeds?.(firstStep) ?? {});
    const feeds = Object.fromEntries(given.map(([name, { data, shape }]) => [name, tf.tensor(data, [...shape])]));
    return bound.scalarize(tf.tensor1d([...losses]), tf.ones([losses.length]), feeds).dataSync()[0] as number;
  });
  bound.dispose?.();
  opened.dispose();
  return value;
}
