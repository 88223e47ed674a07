import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { ExecutorSession, ParameterLayout, Program } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { compiled } from '../../src/index.js';
import { loadDirect } from '../../src/runtime/direct/load-direct.js';

const nothing: ParameterLayout = {
  tasks: [],
  segments: [],
  stateSegments: [],
  size: 0,
  stateSize: 0,
  sharedSize: 0,
  ranges: [],
};

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('ONNX Runtime by its C interface', () => {
  test('is there on Linux', async () => {
    const expected = process.platform === 'linux' && process.arch === 'x64';
    expect((await loadDirect(2)) !== undefined).toBe(expected);
  });

  test('memory stays where it is while the garbage is collected', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    for (let size = 1; size < 60; size += 6) {
      const session = await open(size);
      const programs = Array.from({ length: 4 }, (_, i): Program => affine(i + 1));
      const x = session.upload({ data: new Float32Array(size), shape: [size] });
      for (let step = 0; step < 40; step++) {
        const factor = step % 4;
        const z = { data: new Float32Array(size).fill(step), shape: [size] };
        const target = step % 3 === 0 ? 'hold' : 'read';
        const outputs = { y: target, sum: 'read', x } as const;
        const { host, device } = await session.run(programs[factor] as Program, { feeds: { x, z }, outputs });
        const y = device.y === undefined ? host.y : await session.download(device.y);
        expect(y?.data.every((one) => one === step * (factor + 1) + step)).toBe(true);
        expect(host.sum?.data[0]).toBe(size * step);
        if (device.y !== undefined && step % 2 === 0) session.release(device.y);
        if (step % 7 === 0) collect();
      }
      session.dispose();
    }
  });

  test('a session that is disposed of while a run waits refuses it', async () => {
    const session = await open(1);
    const feeds = { x: { data: new Float32Array(1), shape: [1] }, z: { data: new Float32Array(1), shape: [1] } };
    const program = affine(1);
    await session.run(program, { feeds, outputs: { y: 'read' } });
    const waiting = session.run(program, { feeds, outputs: { y: 'read' } }).catch((error: Error) => error);
    session.dispose();
    expect(await waiting).toMatchObject({ code: 'POLYTASK_RELEASED' });
  });
});

/** Sessions with the process' threads and with threads of their own. */
function open(size: number): Promise<ExecutorSession> {
  return Promise.resolve(compiled({ threads: 1 + (size % 2) }).open(nothing));
}

function affine(factor: number): Program {
  return {
    name: `affine-${factor}`,
    run: ({ x, z }) => ({
      y: tf.add(tf.mul(x as tf.Tensor, factor), z as tf.Tensor),
      sum: tf.sum(x as tf.Tensor),
      x: tf.add(x as tf.Tensor, 1),
    }),
  };
}
