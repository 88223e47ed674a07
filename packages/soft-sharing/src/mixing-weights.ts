import { type NamedTensors, type StepContext, type TaskRelation, taskRelation } from '@polytask/core';
import type * as tf from '@tensorflow/tfjs';

/** What units between networks have learned, to be looked at. */
export interface MixingWeights {
  /** A unit: what a task takes of which task, `[..., K]`, by the task's place. */
  add(stage: string, of: (task: number) => tf.Tensor): void;
  /** A relation `units/<stage>` for each unit. */
  relations(): readonly TaskRelation[];
  /** The intermediates `units/<stage>/<task>`, outside of training. */
  of(step: Pick<StepContext, 'training'>): NamedTensors;
}

/** Collects the weights by which units mix the features of these tasks. */
export function mixingWeights(tasks: readonly string[]): MixingWeights {
  const units: { readonly stage: string; readonly of: (task: number) => tf.Tensor }[] = [];
  return {
    add: (stage, of) => void units.push({ stage, of }),
    relations: () => units.map(({ stage }) => taskRelation(`units/${stage}`, 'tasks', tasks)),
    of: ({ training }) =>
      Object.fromEntries(
        training
          ? []
          : units.flatMap(({ stage, of }) => tasks.map((task, t) => [`units/${stage}/${task}`, of(t)] as const)),
      ),
  };
}
