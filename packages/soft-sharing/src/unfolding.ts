import * as tf from '@tensorflow/tfjs';

/** How a tensor becomes a matrix: the axes in another order, the first ones of which are its rows. */
export interface Unfolding {
  readonly axes: readonly number[];
  readonly rows: number;
  readonly columns: number;
}

/** Which matrices a stack of weights is seen as. */
export type TensorForm = 'last-axis' | 'tucker' | 'tensor-train';

/**
 * The matrices whose trace norms make up that of a tensor. Tasks are the last axis in the paper; here the stack has
 * them first.
 *
 * @param shape `[K, d_1, ..., d_m]`.
 */
export function unfoldings(form: TensorForm, shape: readonly number[]): readonly Unfolding[] {
  const axes = shape.map((_, axis) => axis);
  const size = shape.reduce((product, length) => product * length, 1);
  const of = (order: readonly number[], split: number): Unfolding => {
    const rows = order.slice(0, split).reduce((product, axis) => product * (shape[axis] as number), 1);
    return { axes: order, rows, columns: size / rows };
  };
  if (form === 'last-axis') return [of(axes, 1)];
  if (form === 'tucker') return axes.map((axis) => of([axis, ...axes.filter((other) => other !== axis)], 1));
  const tasksLast = [...axes.slice(1), 0];
  return axes.slice(1).map((_, i) => of(tasksLast, i + 1));
}

/** The matrix of a stack `[K, ...]` inside a program, `[rows, columns]`. */
export function unfold(stack: tf.Tensor, { axes, rows, columns }: Unfolding): tf.Tensor2D {
  const same = axes.every((axis, i) => axis === i);
  return tf.reshape(same ? stack : tf.transpose(stack, [...axes]), [rows, columns]);
}

/** The same on the host, turned so that it has no more rows than columns; `turned` says whether it was. */
export function unfoldOnHost(stack: Float64Array, shape: readonly number[], { axes, rows, columns }: Unfolding) {
  const turned = rows > columns;
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, length) => product * length, 1));
  const matrix = new Float64Array(stack.length);
  const index = axes.map(() => 0);
  for (let at = 0; at < stack.length; at++) {
    let from = 0;
    axes.forEach((axis, i) => {
      from += (index[i] as number) * (strides[axis] as number);
    });
    const to = turned ? (at % columns) * rows + Math.floor(at / columns) : at;
    matrix[to] = stack[from] as number;
    for (let i = axes.length - 1; i >= 0; i--) {
      index[i] = (index[i] as number) + 1;
      if ((index[i] as number) < (shape[axes[i] as number] as number)) break;
      index[i] = 0;
    }
  }
  return { matrix, rows: Math.min(rows, columns), columns: Math.max(rows, columns), turned };
}
