import { describeFactory, type TableDataset, tableDataset, whole, withDefault } from '@polytask/core';
import { multiMnist } from '@polytask/data/node';

/**
 * MultiMNIST with six tasks for run files: the two digits, and what can be told from one of them (`even`: the left one; `large`: the right
 * one is at least 5) or from both (`sum` modulo 5; `greater`: the left one is greater).
 */
export const digitTasks = describeFactory(
  'data',
  {
    name: 'digit-tasks',
    summary: 'MultiMNIST with tasks derived from its two digits.',
    options: {
      train: withDefault(whole({ from: 1, to: 60_000 }), 6000, 'Training images.'),
      test: withDefault(whole({ from: 1, to: 10_000 }), 4000, 'Test images.'),
    },
  },
  async ({ train, test }) => ({ train: await derived('train', train), test: await derived('test', test) }),
);

async function derived(split: 'train' | 'test', size: number): Promise<TableDataset> {
  const digits = await multiMnist({ split, seed: 1, size });
  const { image } = digits.gather(digits.ids.map((_, row) => row)).inputs;
  if (image === undefined) throw new Error('MultiMNIST has images.');
  const [left, right, sum] = ['left', 'right', 'sum'].map((name) =>
    Int32Array.from(digits.labels(name).targets.data),
  ) as [Int32Array, Int32Array, Int32Array];
  return tableDataset({
    inputs: { image },
    columns: {
      left,
      right,
      even: left.map((digit) => 1 - (digit % 2)),
      large: right.map((digit) => Number(digit >= 5)),
      sum,
      greater: left.map((digit, row) => Number(digit > (right[row] as number))),
    },
  });
}
