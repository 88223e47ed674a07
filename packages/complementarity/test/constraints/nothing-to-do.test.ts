// Negative controls: where predictions agree already, a run with a constraint is bit for bit the run without.
import {
  type AuxiliaryObjective,
  binary,
  buildDense,
  buildEncoder,
  classification,
  createTrainer,
  defineSharing,
  mlp,
  onesInitializer,
  regression,
  tableDataset,
  uniformFloats,
} from '@polytask/core';
import { strict } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { consistency } from '../../src/constraints/consistency.js';
import { cycle } from '../../src/constraints/cycle.js';
import { exclusion } from '../../src/constraints/exclusion.js';
import { implication } from '../../src/constraints/implication.js';
import { ordering } from '../../src/constraints/ordering.js';
import { pathIndependence } from '../../src/constraints/path-independence.js';
import { sumTo } from '../../src/constraints/sum-to.js';

beforeAll(() => tf.setBackend('cpu'));

const number = (name: string) => regression(name, { standardize: false });
const tasks = [
  ...[number('a'), number('twice'), number('all')],
  ...[classification('left', { classes: 2 }), classification('swapped', { classes: 2 })],
  ...[binary('dry'), binary('likelier'), binary('no')],
];

/** Heads that cannot but agree: whatever one says, another says by the map between them. */
const agreeing = defineSharing({
  name: 'agreeing',
  bind({ inputs, scope }) {
    const trunk = buildEncoder(mlp([6], { activation: 'tanh' }), scope.child('trunk'), inputs);
    const [one, two, three] = ['number', 'classes', 'chance'].map((name, i) =>
      buildDense(scope.child(name), trunk.output, i === 1 ? 2 : 1),
    ) as [ReturnType<typeof buildDense>, ReturnType<typeof buildDense>, ReturnType<typeof buildDense>];
    const own = tasks.map(({ name }) =>
      scope
        .child('own')
        .child(name, { usedBy: [name] })
        .variable('none', [], onesInitializer),
    );
    return {
      forward(x, step) {
        const shared = trunk.apply(x, step);
        const a = one.apply(shared, step);
        const z = two.apply(shared, step);
        const v = three.apply(shared, step);
        const outputs = {
          a: { value: a },
          twice: { value: tf.mul(a, 2) },
          all: { value: tf.add(a, tf.mul(a, 2)) },
          left: { logits: z },
          swapped: { logits: tf.reverse(z, -1) },
          dry: { logits: v },
          likelier: { logits: tf.add(v, 1) },
          no: { logits: tf.sub(tf.mul(tf.add(v, 1), -1), 1) },
        };
        // Each task has a variable, so that it may move; it says nothing.
        const still = tf.mul(tf.addN(own), 0);
        const features = Object.fromEntries(tasks.map(({ name }) => [name, tf.add(shared, still)]));
        return { outputs, features, shared, intermediates: {} };
      },
    };
  },
});

const rows = 12;
const x = uniformFloats(rows * 3, 'agreeing').map((value) => 2 * value - 1);
const data = tableDataset({
  inputs: { x: { data: x, shape: [rows, 3] } },
  columns: Object.fromEntries(
    tasks.map(({ name, target, problem }) => {
      const labels = uniformFloats(rows, 'labels', name);
      if (target.dtype === 'int32') return [name, Int32Array.from(labels, (value) => Math.floor(value * 2))];
      return [name, problem === 'classification' ? labels.map(Math.round) : labels];
    }),
  ),
});

async function run(auxiliary: AuxiliaryObjective[]) {
  const trainer = await createTrainer({ tasks, sharing: agreeing, auxiliary, seed: 3, executor: strict() });
  await trainer.fit(data, { epochs: 2, batchSize: 4 });
  const values: Record<string, readonly number[]> = {};
  for (const { path } of trainer.parameters?.layout.segments ?? []) {
    values[path] = Array.from((await trainer.parameters?.read(path))?.data ?? []);
  }
  const terms = trainer.history?.auxiliary;
  trainer.dispose();
  return { values, terms };
}

const plain = run([]);
const losses = ['squared-error', 'absolute-error', 'huber'] as const;
const parts: AuxiliaryObjective[] = [
  ...[...losses, 'kl' as const].map((loss) => consistency({ from: 'left', to: 'swapped', map: [1, 0], loss })),
  ...losses.map((loss) => consistency({ from: 'a', to: 'twice', map: { scale: 2 }, loss })),
  consistency({
    from: 'left',
    to: 'swapped',
    map: [
      [0, 1],
      [1, 0],
    ],
    loss: 'kl',
    multipliers: {},
  }),
  cycle({ from: 'a', to: 'twice', forth: { scale: 2 }, back: { scale: 0.5 } }),
  pathIndependence({
    to: 'twice',
    paths: [
      { from: 'a', map: { scale: 2 } },
      { from: 'a', map: (y) => tf.add(y, y) },
    ],
  }),
  sumTo({ parts: ['a', 'twice'], total: 'all' }),
  implication({ if: 'dry', implies: 'likelier', multipliers: {} }),
  exclusion({ events: ['dry', 'no'], loss: 'absolute-error' }),
  ordering({ tasks: ['a', 'twice'], margin: -100 }),
];

it.each(parts.map((part) => [`${part.name} ${JSON.stringify(part.options)}`, part] as const))('%s', async (_, part) => {
  const { values, terms } = await run([part]);
  expect(terms).toEqual({ [part.name]: [0, 0] });
  expect(values).toEqual((await plain).values);
});
