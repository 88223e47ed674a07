// Terms of one row, worked out by hand; those of probabilities are printed where the methods are described.
import { type AnyTask, type AuxiliaryObjective, binary, classification, regression } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { consistency } from '../../src/constraints/consistency.js';
import { cycle } from '../../src/constraints/cycle.js';
import { exclusion } from '../../src/constraints/exclusion.js';
import { implication } from '../../src/constraints/implication.js';
import { ordering } from '../../src/constraints/ordering.js';
import { pathIndependence } from '../../src/constraints/path-independence.js';
import { sumTo } from '../../src/constraints/sum-to.js';
import { logit, logits, recite } from '../recited.js';

beforeAll(() => tf.setBackend('cpu'));

const number = (name: string) => regression(name, { standardize: false });
const classes = (name: string, count: number | string[]) => classification(name, { classes: count as number });
const yes = (name: string) => binary(name);

const [p1, p2] = [
  [0.7, 0.2, 0.1],
  [0.5, 0.3, 0.2],
];
const kinds = ['circle', 'square', 'star'];
const three = {
  tasks: [classes('a', kinds), classes('b', kinds)],
  said: { a: [logits(...(p1 as number[]))], b: [logits(...(p2 as number[]))] },
};
const tables = (to: AnyTask, said: number[]) => ({
  tasks: [classes('a', kinds), to],
  said: { a: three.said.a, b: [said] },
});
const degrees = {
  tasks: [number('celsius'), number('fahrenheit')],
  said: { celsius: [[20]], fahrenheit: [[70]] },
};
const chances = { tasks: [yes('a'), yes('b')], said: { a: [logit(0.7)], b: [logit(0.4)] } };
const sky = { tasks: [classes('sky', kinds), yes('b')], said: { sky: three.said.a, b: [logit(0.4)] } };
const amounts = { tasks: [number('a'), number('b'), number('c')], said: { a: [[3]], b: [[2]], c: [[6]] } };
const digits = (total: number, ...said: number[]) => ({
  tasks: [classes('a', 2), classes('b', 2), classes('c', total)],
  said: { a: [logits(0.5, 0.5)], b: [logits(0.25, 0.75)], c: [logits(...said)] },
});
const sizes = {
  tasks: [classes('a', kinds), number('b'), number('c')],
  said: { a: three.said.a, b: [[15]], c: [[6]] },
};
const forth = { scale: 1.8, offset: 32 };
const back = { scale: 1 / 1.8, offset: -32 / 1.8 };
const double = (x: tf.Tensor) => tf.mul(x, 2);

type Row = readonly [
  what: string,
  recital: { readonly tasks: AnyTask[]; readonly said: Record<string, number[][]> },
  part: AuxiliaryObjective,
  term: number,
  violation: number,
  further?: readonly [name: string, value: number],
];

const rows: readonly Row[] = [
  ['KL of p2 from p1', three, consistency({ from: 'b', to: 'a', loss: 'kl' }), 0.092033, 0.2],
  ['KL of p1 from p2', three, consistency({ from: 'a', to: 'b', loss: 'kl' }), 0.085123, 0.2],
  ['squares over classes', three, consistency({ from: 'a', to: 'b' }), 0.06, 0.2],
  ['sizes over classes', three, consistency({ from: 'a', to: 'b', loss: 'absolute-error' }), 0.4, 0.2],
  ["Huber's loss within its bend", three, consistency({ from: 'a', to: 'b', loss: 'huber' }), 0.03, 0.2],
  [
    "Huber's loss beyond it",
    degrees,
    consistency({ from: 'celsius', to: 'fahrenheit', map: forth, loss: 'huber' }),
    1.5,
    2,
  ],
  ['an affine map', degrees, consistency({ from: 'celsius', to: 'fahrenheit', map: forth }), 4, 2],
  // (.9, .1) against (.6, .4)
  [
    'a table of classes',
    tables(classes('b', 2), logits(0.6, 0.4)),
    consistency({ from: 'a', to: 'b', map: [0, 0, 1] }),
    0.18,
    0.3,
  ],
  [
    'a table by names',
    tables(classes('b', ['round', 'sharp']), logits(0.6, 0.4)),
    consistency({ from: 'a', to: 'b', map: { star: 'sharp', circle: 'round', square: 'round' } }),
    0.18,
    0.3,
  ],
  // 0.7 · 0 + 0.2 · 0.5 + 0.1 · 1 = 0.2
  [
    'chances of classes',
    tables(yes('b'), logit(0.6)),
    consistency({ from: 'a', to: 'b', map: [0, 0.5, 1] }),
    0.16,
    0.4,
  ],
  [
    'a yes by name',
    tables(yes('b'), logit(0.6)),
    consistency({ from: 'a', to: 'b', map: { circle: 'negative', square: 'positive', star: 0.5 } }),
    0.1225,
    0.35,
  ],
  // 0.7 · 10 + 0.2 · 20 + 0.1 · 30 = 14
  ['amounts of classes', tables(number('b'), [15]), consistency({ from: 'a', to: 'b', map: [10, 20, 30] }), 1, 1],
  [
    'rows of a matrix',
    tables(regression('b', { size: 2, standardize: false }), [0, 1]),
    consistency({
      from: 'a',
      to: 'b',
      map: [
        [1, 0],
        [0, 1],
        [1, 1],
      ],
    }),
    // (0.8, 0.3) against (0, 1): (0.64 + 0.49) / 2
    0.565,
    0.75,
  ],
  ['a function', amounts, consistency({ from: 'a', to: 'c', map: double, loss: 'absolute-error' }), 0, 0],
  // No and yes (.3, .7) by rows to (.6·.3 + .1·.7, .4·.3 + .9·.7) = (.25, .75)
  [
    'yes or no to yes or no',
    chances,
    consistency({
      from: 'a',
      to: 'b',
      map: [
        [0.6, 0.4],
        [0.1, 0.9],
      ],
    }),
    0.1225,
    0.35,
  ],
  // 0.75 log(0.75 / 0.4) + 0.25 log(0.25 / 0.6)
  [
    'KL of a yes',
    chances,
    consistency({
      from: 'a',
      to: 'b',
      map: [
        [0.6, 0.4],
        [0.1, 0.9],
      ],
      loss: 'kl',
    }),
    0.252589,
    0.35,
  ],
  ['an implication that fails', chances, implication({ if: 'a', implies: 'b' }), 0.09, 0.3],
  ['an implication that holds', chances, implication({ if: 'b', implies: 'a' }), 0, 0],
  [
    'an implication of a class',
    sky,
    implication({ if: 'b', implies: { task: 'sky', class: 'square' }, loss: 'absolute-error' }),
    0.2,
    0.2,
  ],
  ['an implication of a no', chances, implication({ if: { task: 'a', class: 0 }, implies: 'b' }), 0, 0],
  ['events that exclude each other', chances, exclusion({ events: ['a', 'b'] }), 0.01, 0.1],
  ['a class and a yes', sky, exclusion({ events: [{ task: 'sky', class: 0 }, 'b'], loss: 'absolute-error' }), 0.1, 0.1],
  ['an order that fails by 1, with a margin', amounts, ordering({ tasks: ['a', 'b'], margin: 0.5 }), 2.25, 1.5],
  ['two orders, one of which holds', amounts, ordering({ tasks: ['a', 'b', 'c'] }), 0.5, 0.5],
  ['a sum of two', amounts, sumTo({ parts: ['a', 'b'], total: 'c' }), 1, 1],
  ['a sum to a number', amounts, sumTo({ parts: ['a', 'b', 'c'], total: 10 }), 1, 1],
  ['a sum of chances to 1', chances, sumTo({ parts: ['a', 'b'], total: 1, loss: 'absolute-error' }), 0.1, 0.1],
  // (.125, .5, .375) against (.2, .5, .3)
  ['a sum of classes', digits(3, 0.2, 0.5, 0.3), sumTo({ parts: ['a', 'b'], total: 'c' }), 0.01125, 0.075],
  ['a sum of classes modulo 2', digits(2, 0.4, 0.6), sumTo({ parts: ['a', 'b'], total: 'c', modulo: 2 }), 0.02, 0.1],
  // 4 there, (20 − 38 / 1.8)² back
  [
    'a way there and back',
    degrees,
    cycle({ from: 'celsius', to: 'fahrenheit', forth, back }),
    (4 + (2 / 1.8) ** 2) / 2,
    (2 + 2 / 1.8) / 2,
    ['round', 0],
  ],
  // 15 by itself, 14 by way of the classes, 13 by way of the other number: a standard deviation of √(2/3)
  [
    'three ways',
    sizes,
    pathIndependence({
      to: 'b',
      paths: [
        { from: 'a', map: [10, 20, 30] },
        { from: 'c', map: { scale: 2, offset: 1 } },
      ],
    }),
    1.5,
    1.5,
    ['energy', Math.sqrt(2 / 3)],
  ],
];

const cases = rows.map(([what, recital, part, term, violation, further]) => ({
  what,
  recital,
  part,
  term,
  violation,
  further,
}));

it.each(cases)('$what', async ({ recital, part, term, violation, further }) => {
  const tensors = tf.memory().numTensors;
  const { events, logged, inspected } = await recite(recital, [part]);
  expect(tf.memory().numTensors).toBe(tensors);
  const { name } = part;
  expect(events[0]?.terms[name]).toBeCloseTo(term, 5);
  expect(logged[`${name}/violation`]?.[0]).toBeCloseTo(violation, 5);
  expect(inspected[`${name}/violation`]?.[0]).toBeCloseTo(violation, 5);
  if (further !== undefined) expect(inspected[`${name}/${further[0]}`]?.[0]).toBeCloseTo(further[1], 4);
});

it('compares amounts in standard deviations of the labels that the task learned', async () => {
  // Labels ±4 have a standard deviation of 4: the model says 0.5 of them, 2 in units, against 1 · 3 from the other task.
  const tasks = [number('a'), regression('b')];
  const recital = { tasks, said: { a: [[3], [3]], b: [[0.5], [0.5]] }, labels: { b: Float32Array.of(-4, 4) } };
  const { events, logged } = await recite(recital, [
    consistency({ from: 'a', to: 'b' }),
    ordering({ tasks: ['a', 'b'] }),
  ]);
  expect(events[0]?.terms.consistency).toBeCloseTo((1 / 4) ** 2, 6);
  expect(events[0]?.terms.ordering).toBeCloseTo((1 / 4) ** 2, 6);
  expect(logged['consistency/violation']?.[0]).toBeCloseTo(1, 6);
});

it('lets one side alone learn where the other one is a constant', async () => {
  const moved = async (stop: 'from' | 'to' | undefined) => {
    const recital = { ...amounts, labels: { a: [3], b: [2], c: [6] } };
    const { values } = await recite(
      recital,
      [consistency({ from: 'a', to: 'b', ...(stop && { stopGradient: stop }) })],
      1,
      0.1,
    );
    return ['a', 'b'].map((task) => 1 - (values[`${task}/factor`] ?? Number.NaN));
  };
  // ∂(b − a)² / ∂factor = ∓2 · 1 · (what is said)
  const expected = [0.1 * 2 * 3, -0.1 * 2 * 2];
  for (const [stop, at] of [
    [undefined, []],
    ['from', [0]],
    ['to', [1]],
  ] as const) {
    const found = await moved(stop);
    expected.forEach(
      (value, i) => void expect(found[i]).toBeCloseTo((at as readonly number[]).includes(i) ? 0 : value, 5),
    );
  }
});

it('lets parts or the total learn alone', async () => {
  const moved = async (stop?: 'parts' | 'total' | undefined) => {
    const recital = { ...amounts, labels: { a: [3], b: [2], c: [6] } };
    const part = sumTo({ parts: ['a', 'b'], total: 'c', stopGradient: stop });
    const { values } = await recite(recital, [part], 1, 0.1);
    return ['a', 'b', 'c'].map((task) => 1 - (values[`${task}/factor`] ?? Number.NaN));
  };
  // ∂(a + b − c)² / ∂factor at a + b − c = −1.
  const whole = [-0.1 * 2 * 3, -0.1 * 2 * 2, 0.1 * 2 * 6];
  for (const [stop, still] of [
    [undefined, []],
    ['parts', [0, 1]],
    ['total', [2]],
  ] as const) {
    const found = await moved(stop);
    whole.forEach((value, i) => {
      expect(found[i]).toBeCloseTo((still as readonly number[]).includes(i) ? 0 : value, 5);
    });
  }
});
