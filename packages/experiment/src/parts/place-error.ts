import { type LabelError, PolytaskError } from '@polytask/core';
import type { Path } from '../config/paths.js';

/** Which part of a configuration an error is about that came up when the model was built or took its first step. */
const places: Readonly<Record<string, Path>> = {
  POLYTASK_BRANCH_TREE: ['sharing', 'tree'],
  POLYTASK_ENCODER_INPUT: ['sharing', 'encoder'],
  POLYTASK_ENCODER_OUTPUT: ['sharing', 'encoder'],
  POLYTASK_FUSION_SHAPES: ['sharing', 'encoder'],
  POLYTASK_IMAGE_TOO_SMALL: ['sharing', 'encoder'],
  POLYTASK_INVALID_OPTION: ['sharing'],
  POLYTASK_LABELS: ['tasks'],
  POLYTASK_DATASET: ['data'],
  POLYTASK_MODEL_BUILT_TWICE: ['sharing', 'encoder'],
  POLYTASK_MODEL_TOO_LARGE: ['sharing'],
  POLYTASK_NOTHING_SHARED: ['balancing'],
  POLYTASK_NO_SOURCES: ['data'],
  POLYTASK_NO_VALIDATION: ['split'],
  POLYTASK_RANDOM_LAYER: ['sharing', 'encoder'],
  POLYTASK_SHAPE_MISMATCH: ['sharing', 'encoder'],
  POLYTASK_TASK_INPUTS: ['sharing'],
  POLYTASK_UNKNOWN_NAME: ['sharing'],
};

/**
 * The place of an error in the configuration.
 *
 * @param tasks - Names of the tasks, in order.
 * @returns undefined for what no configuration is to blame for.
 */
export function placeOf(error: unknown, tasks: readonly string[]): Path | undefined {
  if (!PolytaskError.isInstance(error)) return undefined;
  const named = (error as Partial<LabelError>).task ?? /^Labels of task `([^`]+)`/.exec(error.message)?.[1];
  const index = named === undefined ? -1 : tasks.indexOf(named);
  if (index >= 0 && error.code !== 'POLYTASK_NON_FINITE') return ['tasks', index];
  return Object.hasOwn(places, error.code) ? places[error.code] : undefined;
}
