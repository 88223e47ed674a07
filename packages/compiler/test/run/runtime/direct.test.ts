import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { ParameterLayout, Program } from '@polytask/core';
import type { ExecutorSession } from '@polytask/core/executors';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { compiled } from '../../../src/index.js';
import { loadDirect } from '../../../src/run/runtime/direct/load-direct.js';

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

  test('denormal numbers count as 0 in every thread, and JavaScript keeps its own', async () => {
    const size = 1 << 18;
    const denormal = 2 ** -130;
    const x = { data: new Float32Array(size).fill(denormal), shape: [size] };
    const z = { data: new Float32Array(size).fill(2 ** -100), shape: [size] };
    const program: Program = {
      name: 'small numbers',
      run: (feeds) => ({
        read: tf.mul(feeds.x as tf.Tensor, 2 ** 30),
        made: tf.mul(feeds.z as tf.Tensor, 2 ** -40),
        kept: tf.mul(feeds.z as tf.Tensor, 2 ** -20),
      }),
    };
    // With the process' threads, with none besides the caller's, and with threads of the session's own.
    for (const threads of [2, 1, 3]) {
      const session = await compiled({ threads }).open(nothing);
      const outputs = { read: 'read', made: 'read', kept: 'read' } as const;
      // Several times, so that every thread has its turn.
      for (let turn = 0; turn < 10; turn++) {
        const { host } = await session.run(program, { feeds: { x, z }, outputs });
        if ((await loadDirect(2)) !== undefined) {
          expect(host.read?.data.every((one) => one === 0)).toBe(true);
          expect(host.made?.data.every((one) => one === 0)).toBe(true);
        }
        expect(host.kept?.data.every((one) => one === 2 ** -120)).toBe(true);
      }
      session.dispose();
    }
    const [tiny] = Float64Array.of(Number.MIN_VALUE) as unknown as [number];
    expect(tiny * 2).toBe(2 ** -1073);
    expect((x.data[0] as number) / 2).toBe(2 ** -131);
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
