import {
  type AnyTask,
  defineAuxiliary,
  defineStepPlan,
  eager,
  hostTensor,
  mlp,
  type ParameterReader,
  sgd,
} from '@polytask/core';
import { defineExecutor, type ExecutorSession } from '@polytask/core/executors';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { linearTask, readAll, rowsDataset, vectorSharing } from '../helpers/vectors.js';
import { essence, leavingNoTensor, makeTable, mixedTrainer, noting } from './fixtures.js';

const keep = leavingNoTensor();

const tasks: readonly AnyTask[] = [linearTask('a', 2), linearTask('b', 2)];
const sharing = vectorSharing({ v: { size: 2, usedBy: ['a', 'b'] } });
const rows = rowsDataset({
  a: [
    [1, 2],
    [3, 4],
    [5, 6],
  ],
  b: [
    [1, 1],
    [1, 1],
    [1, 1],
  ],
});

/** An executor that counts what it is asked for. */
function counting() {
  const log = { downloads: 0, programs: [] as string[] };
  const executor = defineExecutor({
    name: 'counting',
    async open(layout): Promise<ExecutorSession> {
      const session = await eager().open(layout);
      return {
        ...session,
        run(program, call) {
          log.programs.push(program.name);
          return session.run(program, call);
        },
        download(tensor) {
          log.downloads += 1;
          return session.download(tensor);
        },
      };
    },
  });
  return { executor, log };
}

describe('host phases of auxiliary objectives', () => {
  const watched = (seen: unknown[], updateEvery?: number) =>
    defineAuxiliary({
      name: 'noting',
      ...(updateEvery === undefined ? {} : { updateEvery }),
      bind: ({ layout }) => ({
        async prepare(parameters: ParameterReader) {
          const values = [];
          for (const { path } of layout.segments) values.push((await parameters.read(path)).data[0]);
          seen.push(values[0]);
          return { first: hostTensor(values[0] as number) };
        },
        feeds: ({ step }) => noting(seen, `feeds ${step}`, { step: hostTensor(step) }),
        loss: () => tf.scalar(0),
      }),
    });

  it('run before the first of so many steps', async () => {
    const seen: unknown[] = [];
    const trainer = keep(await mixedTrainer({ tasks, sharing, auxiliary: [watched(seen, 3)] }));
    await trainer.fit(rows, { epochs: 2, batchSize: 1 });
    expect(seen.map((one) => (typeof one === 'number' ? 'prepare' : one))).toEqual([
      'prepare',
      'feeds 0',
      'feeds 1',
      'feeds 2',
      'prepare',
      'feeds 3',
      'feeds 4',
      'feeds 5',
    ]);
    expect(seen[0]).not.toBe(seen[4]);
  });

  it('run once a step, however many programs the step runs', async () => {
    const seen: unknown[] = [];
    const plan = defineStepPlan({
      name: 'busy',
      bind: () => ({
        async step(p) {
          await p.losses();
          const { gradient, losses, weights } = await p.gradient();
          await p.apply(gradient);
          await p.losses();
          await p.jacobian({ batch: await p.anotherBatch() });
          return { losses, weights };
        },
      }),
    });
    const trainer = keep(await mixedTrainer({ tasks, sharing, balancing: plan, auxiliary: [watched(seen)] }));
    await trainer.fit(rows, { epochs: 1, batchSize: 1 });
    expect(seen).toHaveLength(6);
  });

  it('read all parameters in one transfer', async () => {
    const { executor, log } = counting();
    const auxiliary = [watched([], 2)];
    const trainer = keep(await mixedTrainer({ sharing: tinySharing(mlp([4, 4])), executor, auxiliary }));
    await trainer.fit(makeTable(8, 1, false), { epochs: 1, batchSize: 2 });
    expect(log.downloads).toBe(2);
  });
});

describe('a step', () => {
  it('of a loss weighting is one program', async () => {
    const { executor, log } = counting();
    const trainer = keep(await mixedTrainer({ executor }));
    await trainer.fit(makeTable(8, 1, false), { epochs: 1, batchSize: 4 });
    expect(log.programs).toEqual(['weighted-step-uniform', 'weighted-step-uniform']);
  });

  it('has the same random numbers for the same seed, step and place', async () => {
    const run = async (seed: number) => {
      const trainer = keep(await mixedTrainer({ seed, sharing: tinySharing(mlp([5], { dropout: 0.5 })) }));
      await trainer.fit(makeTable(8, 1, false), { epochs: 1, batchSize: 4 });
      return readAll(trainer);
    };
    expect(await run(3)).toEqual(await run(3));
  });
});

describe('parameters', () => {
  it('are read as they are at each moment', async () => {
    const inputs = { x: { shape: [1], dtype: 'float32' as const } };
    const trainer = keep(await mixedTrainer({ tasks, sharing, inputs, optimizer: sgd({ learningRate: 1 }) }));
    const reader = trainer.parameters as ParameterReader;
    const start = await reader.read('v/vector');
    await trainer.fit(rowsDataset({ a: [[1, 2]], b: [[10, 20]] }), { epochs: 1 });
    const end = await reader.read('v/vector');
    expect(start.shape).toEqual([2]);
    [11, 22].forEach((move, i) => {
      expect((start.data[i] as number) - (end.data[i] as number)).toBeCloseTo(move, 5);
    });
    await expect(reader.read('v/vecto')).rejects.toThrow(/no parameter named `v\/vecto`.*Did you mean `v\/vector`/);
    // What is read belongs to the reader.
    end.data.fill(0);
    expect((await reader.read('v/vector')).data[0]).not.toBe(0);
  });

  it('start at the values that their layers drew', async () => {
    const inputs = { x: { shape: [3], dtype: 'float32' as const } };
    const [one, two] = [keep(await mixedTrainer({ inputs })), keep(await mixedTrainer({ inputs, seed: 2 }))];
    const [first, second] = [await readAll(one), await readAll(two)];
    expect(first['trunk/dense0/bias']).toEqual(new Float32Array(5));
    expect(new Set(first['trunk/dense0/kernel']).size).toBe(15);
    expect(second['trunk/dense0/kernel']).not.toEqual(first['trunk/dense0/kernel']);
    expect((await essence(one)).tensors.parameters?.data).toHaveLength(one.parameters?.layout.size ?? 0);
  });

  it('are in the variables after a fit and after a restoration, for code outside', async () => {
    const variables: tf.Variable[] = [];
    const watched = {
      ...sharing,
      bind: (context: Parameters<typeof sharing.bind>[0]) => {
        const scope = {
          ...context.scope,
          child: (name: string, options?: object) => {
            const child = context.scope.child(name, options);
            return {
              ...child,
              variable: (...args: Parameters<typeof child.variable>) => {
                const variable = child.variable(...args);
                variables.push(variable);
                return variable;
              },
            };
          },
        };
        return sharing.bind({ ...context, scope });
      },
    };
    const one = keep(await mixedTrainer({ tasks, sharing: watched }));
    await one.fit(rows, { epochs: 1, batchSize: 1 });
    const held = (await readAll(one))['v/vector'];
    expect(variables[0]?.dataSync()).toEqual(held);
    const two = keep(await mixedTrainer({ tasks, sharing: watched }));
    await two.restore(await one.checkpoint());
    expect(variables[1]?.dataSync()).toEqual(held);
  });
});
