import {
  byTask,
  type HostFeeds,
  hostTensor,
  number,
  requireOption,
  type TensorsNamed,
  withDefault,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { numbersByTask } from './by-task.js';
import { sumOf } from './solvers/dense.js';

/** Options of scalarisations that lead to a chosen point of the Pareto front. */
export const preferenceOptions = {
  preference: withDefault(
    byTask(number({ from: 0 }), 'weights'),
    {},
    'How much each task matters; rescaled so that they sum to 1. Tasks not named count 1 before that.',
  ),
  ideal: withDefault(
    byTask(number(), 'losses'),
    {},
    'Losses that cannot be beaten, from which losses are measured. Tasks not named have 0.',
  ),
};

/** `preference` and `ideal` as feeds `[K]`, checked against the names of the tasks. */
export function preferenceFeeds(
  tasks: readonly string[],
  { preference, ideal }: { readonly [option in 'preference' | 'ideal']: { readonly [task: string]: number } },
): HostFeeds<'preference' | 'ideal'> {
  const found = numbersByTask(tasks, preference, 1, 'preference');
  const total = sumOf(found);
  requireOption(total > 0, 'preference', 'above 0 for at least one task', preference);
  return {
    preference: hostTensor(found.map((one) => one / total)),
    ideal: hostTensor(numbersByTask(tasks, ideal, 0, 'ideal')),
  };
}

/** The same inside a program. */
export const preferenceIn = (feeds: TensorsNamed<string>) => feeds as TensorsNamed<'preference' | 'ideal'>;

/** Of the tasks present, how far losses are from the ideal, and the ray of the preference, each `[K]`; 0 for absent tasks. */
export function measuredByRay(losses: tf.Tensor1D, active: tf.Tensor1D, feeds: TensorsNamed<string>) {
  const { preference, ideal } = preferenceIn(feeds);
  return { measured: tf.mul(tf.sub(losses, ideal), active), ray: tf.mul(preference, active) };
}
