import { type ColumnStage, ShapeMismatchError } from '@polytask/core';

/**
 * What one row of the features of a stage looks like in all columns.
 *
 * @throws `POLYTASK_SHAPE_MISMATCH` where columns differ, or have no axis of channels.
 */
export function sameShapes({ name, outputs }: ColumnStage): {
  readonly shape: readonly number[];
  readonly channels: number;
} {
  const shape = outputs[0]?.shape ?? [];
  for (const output of outputs) {
    if (output.shape.join() === shape.join() && shape.length > 0) continue;
    throw new ShapeMismatchError(
      `Features after stage \`${name}\`, which are mixed between tasks,`,
      shape.length > 0 ? shape : '[..., channels]',
      output.shape,
      'Give all tasks the same encoder, and inputs of the same shapes.',
    );
  }
  return { shape, channels: shape.at(-1) as number };
}
