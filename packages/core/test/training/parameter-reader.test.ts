import { eager, type ParameterLayout, UnknownNameError } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { momentaryReader, parameterReader } from '../../src/training/parameter-reader.js';
import { useBackend } from '../helpers/backends.js';

const segment = (path: string, offset: number, shape: number[]) => ({
  path,
  offset,
  shape,
  size: shape.reduce((a, b) => a * b, 1),
});
const layout = {
  segments: [segment('a', 0, [2]), segment('b', 2, [1, 2])],
  stateSegments: [segment('mean', 0, [1])],
} as unknown as ParameterLayout;

it('reads segments of parameters and statistics, at each read or as of the first', async () => {
  await useBackend('cpu');
  const session = await eager().open({ segments: [], stateSegments: [] } as never);
  const upload = (...values: number[]) => session.upload({ data: Float32Array.from(values), shape: [values.length] });
  const set = { values: upload(1, 2, 3, 4), state: upload(9) };
  let downloads = 0;
  const counted = {
    ...session,
    download: (handle: never) => {
      downloads += 1;
      return session.download(handle);
    },
  };
  const [live, moment] = [parameterReader(layout, counted, set), momentaryReader(layout, counted, set)];
  for (const reader of [live, moment]) {
    expect(await reader.read('b')).toEqual({ data: Float32Array.of(3, 4), shape: [1, 2] });
    expect(await reader.read('mean')).toEqual({ data: Float32Array.of(9), shape: [1] });
    await expect(reader.read('c')).rejects.toThrow(UnknownNameError);
  }
  session.write(set.values, { data: Float32Array.of(5, 6, 7, 8), shape: [4] });
  expect(Array.from((await live.read('a')).data)).toEqual([5, 6]);
  downloads = 0;
  const first = await moment.read('a');
  expect([Array.from(first.data), downloads]).toEqual([[1, 2], 0]);
  // Each read is an array of its own.
  first.data.fill(0);
  expect(Array.from((await moment.read('a')).data)).toEqual([1, 2]);
  const before = tf.memory().numTensors;
  session.dispose();
  expect(tf.memory().numTensors).toBe(before - 2);
});
