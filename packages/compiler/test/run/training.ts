import { adam, classification, createTrainer, type Encoder, type Executor, mlp, tableDataset } from '@polytask/core';
import { hardSharing } from '@polytask/hard-sharing';

/** Numbers in [0, 1) that are the same everywhere. */
export function numbers(count: number, seed = 1): Float32Array {
  let state = seed >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  });
}

/** Rows with two class labels that depend on the inputs. */
export function twoTaskTable(rows: number, shape: readonly number[], classes = [4, 3]) {
  const width = shape.reduce((product, size) => product * size, 1);
  const data = numbers(rows * width).map((x) => 2 * x - 1);
  const label = (at: number, count: number) =>
    Int32Array.from({ length: rows }, (_, row) => {
      const value = (data[row * width + at] as number) + (data[row * width + at + 1] as number);
      return Math.min(count - 1, Math.max(0, Math.floor(((value + 2) / 4) * count)));
    });
  return tableDataset({
    inputs: { x: { data, shape: [rows, ...shape] } },
    columns: { left: label(0, classes[0] as number), right: label(2, classes[1] as number) },
  });
}

/** A trainer of the two tasks. */
export function twoTaskTrainer(executor: Executor, encoder: Encoder = mlp([32, 16]), extras: object = {}) {
  return createTrainer({
    tasks: [classification('left', { classes: 4 }), classification('right', { classes: 3 })],
    sharing: hardSharing({ encoder, head: mlp([8]) }),
    optimizer: adam({ learningRate: 1e-2 }),
    executor,
    seed: 3,
    ...extras,
  });
}
