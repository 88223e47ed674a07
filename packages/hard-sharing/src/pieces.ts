import { type InputSource, joinRows, type NamedTensors, type StepContext } from '@polytask/core';
import type * as tf from '@tensorflow/tfjs';

/** Features under one name, and what later stages may take besides. */
interface Passed {
  readonly output: NamedTensors;
  readonly carried: NamedTensors;
}

/** What is done to features. */
export type Run = (passed: Passed, step: StepContext) => Passed;

/** Some neighbouring layers of a network: the same for all tasks, or of each task's own. */
export type Piece = { readonly shared: Run } | { readonly own: { readonly [task: string]: Run } };

/**
 * Sends the inputs of tasks through pieces that are shared or their own, one after the other. What is shared runs once
 * for each set of inputs as long as tasks have the same features, and once for each task from the first piece of their
 * own.
 *
 * @returns The features of every task; the shared representation, where the first piece is shared.
 */
export function runPieces(
  pieces: readonly Piece[],
  sources: readonly InputSource[],
  inputs: NamedTensors,
  step: StepContext,
): { readonly features: { readonly [task: string]: tf.Tensor }; readonly shared: tf.Tensor | undefined } {
  let groups = sources.map(({ tasks, select }) => ({
    tasks,
    passed: { output: select(inputs, step), carried: {} } as Passed,
  }));
  let shared: tf.Tensor | undefined;
  pieces.forEach((piece, at) => {
    if ('own' in piece) {
      groups = groups.flatMap(({ tasks, passed }) =>
        tasks.map((task) => ({ tasks: [task], passed: (piece.own[task] as Run)(passed, step) })),
      );
      return;
    }
    groups = groups.map(({ tasks, passed }) => ({ tasks, passed: piece.shared(passed, step) }));
    if (at > 0) return;
    const { joined, parts } = joinRows(groups.map(({ passed }) => featuresOf(passed)));
    shared = joined;
    groups = groups.map(({ tasks, passed }, i) => ({
      tasks,
      passed: { ...passed, output: { features: parts[i] as tf.Tensor } },
    }));
  });
  const features = groups.flatMap(({ tasks, passed }) => tasks.map((task) => [task, featuresOf(passed)] as const));
  return { features: Object.fromEntries(features), shared };
}

/** The single tensor that has been passed on. */
export function featuresOf({ output }: Passed): tf.Tensor {
  return Object.values(output)[0] as tf.Tensor;
}
