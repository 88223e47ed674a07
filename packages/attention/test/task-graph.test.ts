import { adam, createTrainer, mlp, regression, tableDataset, uniformFloats } from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { taskGraph } from '../src/task-graph.js';
import { bind, listed, product, softmax, weighed } from './bound.js';
import { closeTo } from './close-to.js';

beforeAll(() => tf.setBackend('cpu'));

const encoder = mlp([4], { activation: 'tanh' });
for (const { name, run } of conformance('sharing', () => taskGraph({ encoder }), { claims: ['order-of-tasks'] })) {
  test(name, run);
}
const chain = (tasks: readonly string[]) =>
  taskGraph({
    encoder,
    by: 'task',
    layers: 2,
    neighbours: Object.fromEntries(tasks.map((task, k) => [task, tasks.slice(k + 1, k + 2)])),
  });
for (const { name, run } of conformance('sharing', chain)) {
  if (/trains|a variable reach|one task|leaves absent/.test(name)) test(`by task, in a chain: ${name}`, run);
}

const x = [
  [1, 2],
  [-3, 0.5],
];
const elu = (value: number) => (value > 0 ? value : Math.exp(value) - 1);
const leaky = (value: number) => Math.max(value, 0.2 * value);
const linear = mlp([2], { activation: 'linear' });

test('every task hears its neighbours by graph attention', () => {
  const tasks = ['a', 'b', 'c'];
  const sharing = taskGraph({ encoder: linear, branch: mlp([3], { activation: 'linear' }), neighbours: { c: ['a'] } });
  const { forward, values, dispose } = bind(sharing, tasks);
  const { features, intermediates } = forward({ x: tf.tensor2d(x) });
  const trunk = product(x, values('trunk/dense0/kernel'));
  const branches = tasks.map((task) => product(trunk, values(`branches/${task}/dense0/kernel`)));
  const kernel = (name: string) => values<number[][]>(`graph/layer0/${name}/kernel`);
  x.forEach((_, row) => {
    const nodes = branches.map((branch) => branch[row] as number[]);
    const messages = product(nodes, kernel('message'));
    const [hears, says] = ['listener', 'speaker'].map((name) => product(messages, kernel(name)).flat());
    tasks.forEach((task, t) => {
      const scores = tasks.map((other, s) =>
        task === 'c' && other === 'b'
          ? Number.NEGATIVE_INFINITY
          : leaky((hears?.[t] as number) + (says?.[s] as number)),
      );
      const shares = softmax(scores);
      closeTo(listed<number[][]>(intermediates[`adjacency/${task}`])[row] as number[], shares);
      const heard = weighed(shares, messages).map(elu);
      closeTo(
        listed<number[][]>(features[task])[row] as number[],
        (nodes[t] as number[]).map((value, j) => value + (heard[j] as number)),
      );
    });
  });
  dispose();
});

test('edges by task are a softmax of its weights, for all rows', () => {
  const { forward, set, usedBy, dispose } = bind(taskGraph({ encoder: linear, by: 'task' }), ['a', 'b']);
  set('graph/layer0/edges/a', [1, -1]);
  const { intermediates } = forward({ x: tf.tensor2d(x) });
  closeTo(listed(intermediates['adjacency/a']), [softmax([1, -1]), softmax([1, -1])]);
  closeTo(listed(intermediates['adjacency/b']), [
    [0.5, 0.5],
    [0.5, 0.5],
  ]);
  expect(usedBy('graph/layer0/edges/a')).toEqual(['a']);
  dispose();
});

test('a node is used by the tasks that it reaches in so many steps', () => {
  const users = (layers: number) => {
    const sharing = taskGraph({ encoder, layers, by: 'task', neighbours: { a: [], b: ['a'], c: ['b'] } });
    const { usedBy, dispose } = bind(sharing, ['a', 'b', 'c']);
    dispose();
    return ['branches/a/dense0/kernel', 'branches/b/dense0/kernel', 'graph/layer0/edges/a'].map((path) =>
      usedBy(path).join(''),
    );
  };
  expect(users(1)).toEqual(['ab', 'bc', 'a']);
  expect(users(2)).toEqual(['abc', 'bc', 'ab']);
});

test('refuses neighbours that are no tasks', () => {
  expect(() => bind(taskGraph({ encoder, neighbours: { a: ['z'] } }), ['a'])).toThrow(/`z`/);
});

test('the adjacency is in the history by epoch, its rows sum to 1, and it learns', async () => {
  const rows = 32;
  const data = uniformFloats(rows * 4, 'graph').map((value) => 2 * value - 1);
  const column = (of: (x: number) => number) =>
    Float32Array.from({ length: rows }, (_, row) => of(data[4 * row] as number));
  const columns = {
    a: column((value) => value),
    b: column((value) => 2 * value),
    c: column((value) => Math.sin(5 * value)),
  };
  const train = tableDataset({ inputs: { x: { data, shape: [rows, 4] } }, columns });
  const tasks = [regression('a'), regression('b'), regression('c')];
  const sharing = taskGraph({ encoder, by: 'task' });
  const trainer = await createTrainer({ tasks, sharing, optimizer: adam({ learningRate: 0.05 }), seed: 1 });
  const { logged } = await trainer.fit(train, { epochs: 4, batchSize: 32 });
  trainer.dispose();
  for (const task of ['a', 'b', 'c']) {
    const row = ['a', 'b', 'c'].map((other) => logged[`task-graph/adjacency/${task}/${other}`] as number[]);
    for (const weights of row) expect(weights[0]).toBeCloseTo(1 / 3, 5);
    closeTo(
      [0, 1, 2, 3].map((epoch) => row.reduce((sum, weights) => sum + (weights[epoch] as number), 0)),
      [1, 1, 1, 1],
    );
    expect(row[0]?.[3]).not.toBeCloseTo(1 / 3, 3);
  }
});
