import * as tf from '@tensorflow/tfjs';
import { gradientNorms } from '../../balancing-kit/gramian.js';
import type { BoundGradientBalancing, GradientBalancing } from '../../contracts/gradient-balancing.js';
import { firstStep } from '../../contracts/loss-weighting.js';
import { type HostTensor, sizeOf } from '../../contracts/tensors.js';
import { mlp } from '../../encoders/mlp.js';
import { uniformFloats } from '../../random/uniform-stream.js';
import { plainSharing } from '../plain-sharing.js';
import type { Check } from './check.js';
import type { Claim } from './claims.js';
import { requireClose, requireFinite, requireThat } from './require-that.js';
import { scaleCheck } from './scale-check.js';
import { inTrial, type Subject } from './trial.js';

/** Gradients of K tasks, one a row. */
type Rows = readonly (readonly number[])[];

const names = ['task1', 'task2', 'task3'];
const generic: Rows = [
  [-4, 1, 1, 0.5],
  [6, 1, 1, -0.5],
  [1, -2, 0.3, 2],
];

/** Gradients that solvers stumble over, and ordinary ones. */
const samples: { readonly [name: string]: Rows } = {
  'ordinary gradients': generic,
  'gradients of zero': generic.map((row) => row.map(() => 0)),
  'one gradient of zero': generic.map((row, k) => row.map((value) => (k === 1 ? 0 : value))),
  'equal gradients': generic.map(() => [1, 2, -1, 3]),
  'parallel gradients': generic.map((_, k) => [1, 2, -1, 3].map((value) => value * (k + 1))),
  'opposed gradients': generic.map((_, k) => [1, 2, -1, 3].map((value) => (k === 1 ? -value : value))),
  'gradients that cancel': [
    [1, 0, 0, 0],
    [-0.5, Math.sqrt(3) / 2, 0, 0],
    [-0.5, -Math.sqrt(3) / 2, 0, 0],
  ],
  'orthogonal gradients': [
    [1, 0, 0, 0],
    [0, 2, 0, 0],
    [0, 0, 3, 0],
  ],
};

/** How large gradients may be: G is in float64; J is in float32, which has no squares of more than 1e38. */
const sizes = { weights: [1, 1e-20, 1e-8, 1e8, 1e20], aggregate: [1, 1e-15, 1e-6, 1e6, 1e15] };

/** What a gradient balancing has to give besides. */
export function gradientBalancingChecks(subject: Subject, claims: readonly Claim[]): Check[] {
  const checks: Check[] = [
    {
      name: 'gives a finite direction for gradients of every size and angle',
      run: () =>
        bound(subject, 3, async (asked) => {
          for (const [name, rows] of Object.entries(samples)) {
            for (const size of asked.balancing.weights ? sizes.weights : sizes.aggregate) {
              const scaled = rows.map((row) => row.map((value) => value * size));
              const { weights, direction } = combine(asked, scaled);
              const place = () => `${name} times ${size}`;
              requireThat(
                weights === undefined || weights.length === rows.length,
                () => `There must be one weight per task for ${place()}, but there are ${weights?.length}.`,
              );
              requireFinite(weights ?? [], () => `The weights for ${place()}`);
              requireFinite(direction, () => `The direction for ${place()}`);
            }
          }
          // Sizes of different tasks, too.
          const mixed = generic.map((row, k) => row.map((value) => value * 10 ** (4 * (k - 1))));
          requireFinite(combine(asked, mixed).direction, () => 'The direction for gradients of very different sizes');
        }),
    },
    {
      name: 'goes along the gradient of a single task',
      run: () =>
        bound(subject, 1, async (asked) => {
          const { direction } = combine(asked, [[3, -4, 0, 12]]);
          const length = Math.hypot(...direction);
          requireThat(length > 0, () => 'The direction of one task must not be zero.');
          requireClose(
            direction.map((value) => value / length),
            [3 / 13, -4 / 13, 0, 12 / 13],
            1e-4,
            () => 'The direction of one task, at length 1',
          );
        }),
    },
    {
      name: 'bears tasks with labels in few parts of a batch',
      run: () =>
        bound(subject, 3, async (asked) => {
          const { parts } = asked;
          if (parts === 1) return;
          for (const [name, rows] of Object.entries(samples)) {
            const few = rows.map((_, k) => Math.min(parts, k + 1));
            const { weights } = combine(asked, rows, few);
            requireFinite(
              weights ?? [],
              () => `The weights for ${name}, of tasks with labels in ${few.join(', ')} parts`,
            );
          }
        }),
    },
    {
      name: 'leaves rotations of the model rotations',
      run: () => keepsRotations(subject),
    },
    scaleCheck(subject),
  ];
  const claimed: { readonly [claim in Claim]?: Check } = {
    'positive-weights': {
      name: 'gives no negative weight, as claimed',
      run: () => ofWeights(subject, (weights) => weights.every((weight) => weight >= -1e-9), 'must not be negative'),
    },
    'non-conflicting': {
      name: 'makes no task worse, as claimed',
      run: () =>
        bound(subject, 3, async (asked) => {
          for (const [name, rows] of Object.entries(samples)) {
            const { direction } = combine(asked, rows);
            const norms = gradientNorms(gramianOf(rows));
            // A direction this short is what rounding leaves of gradients that cancel.
            const rounding = 1e-10 * norms.reduce((sum, norm) => sum + norm, 0);
            rows.forEach((row, k) => {
              const product = inner(row, direction);
              const room = 1e-4 * Math.max(1e-12, (norms[k] as number) * Math.max(rounding, Math.hypot(...direction)));
              requireThat(
                product >= -room,
                () => `For ${name} the direction makes task ${k + 1} worse: J d is ${product} there.`,
              );
            });
          }
        }),
    },
    'order-of-tasks': {
      name: 'does not depend on the order of tasks, as claimed',
      run: async () => {
        const order = [2, 0, 1];
        for (const [name, rows] of Object.entries(samples)) {
          const here = await bound(subject, 3, async (asked) => combine(asked, rows).direction);
          const there = await bound(
            subject,
            order.map((k) => names[k] as string),
            async (asked) =>
              combine(
                asked,
                order.map((k) => rows[k] as readonly number[]),
              ).direction,
          );
          requireClose(
            there,
            here,
            1e-4,
            (i) => `Entry ${i} of the direction for ${name}, with tasks in another order`,
          );
        }
      },
    },
  };
  return [...checks, ...claims.flatMap((claim) => claimed[claim] ?? [])];
}

/** In a model that has rotations they stay orthogonal; a balancing that learns none leaves them as they are. */
async function keepsRotations(subject: Subject): Promise<void> {
  const sharing = () => plainSharing(mlp([6]), undefined, true);
  await inTrial(
    { ...subject, inputs: plainInputs, perTaskData: false, sharing },
    {},
    async ({ tasks, bound, train, values }) => {
      await train(3);
      const found = await values();
      for (const task of tasks) {
        const matrix = found[`rotations/${task}/matrix`] as Float32Array;
        const n = Math.sqrt(matrix.length);
        const entry = (i: number, j: number) => {
          let sum = 0;
          for (let k = 0; k < n; k++) sum += (matrix[k * n + i] as number) * (matrix[k * n + j] as number);
          return sum;
        };
        const identity = Array.from(matrix, (_, at) => Number(at % (n + 1) === 0));
        const products = identity.map((_, at) => entry(Math.floor(at / n), at % n));
        requireClose(products, identity, 1e-5, () => `The columns of the rotation of \`${task}\`, each with each`);
        if ((bound() as BoundGradientBalancing).learn !== undefined) continue;
        requireClose(matrix, identity, 0, () => `The rotation of \`${task}\`, which only \`learn\` moves`);
      }
    },
  );
}

const plainInputs = { x: { shape: [4], dtype: 'float32' } } as const;

async function ofWeights(subject: Subject, holds: (weights: number[]) => boolean, what: string): Promise<void> {
  await bound(subject, 3, async (asked) => {
    for (const [name, rows] of Object.entries(samples)) {
      const { weights = [] } = combine(asked, rows);
      requireThat(holds(weights), () => `Weights ${what}, but for ${name} they are ${weights.join(', ')}.`);
    }
  });
}

/** A balancing in a run, and how many parts of a batch it asks for. */
interface Asked {
  readonly balancing: BoundGradientBalancing;
  readonly parts: number;
}

function bound<Result>(
  subject: Subject,
  tasks: number | readonly string[],
  look: (asked: Asked) => Promise<Result>,
): Promise<Result> {
  const { parts = 1 } = subject.make(names) as GradientBalancing;
  return inTrial(subject, { tasks }, (trial) => look({ balancing: trial.bound() as BoundGradientBalancing, parts }));
}

/**
 * One step's combination of these gradients, at step 0, with losses of 1, 2, ...
 *
 * @param few - By task, how many parts of the batch have labels, where the balancing asks for parts. Default: all.
 */
function combine(
  { balancing, parts }: Asked,
  rows: Rows,
  few: readonly number[] = rows.map(() => parts),
): { weights: number[] | undefined; direction: number[] } {
  const step = firstStep;
  const tasks = rows.map((_, k) => k);
  const losses = rows.map((_, k) => k + 1);
  if (balancing.weights !== undefined) {
    const ofParts = parts > 1 && { parts: rows.map((row, k) => gramianOf(inParts(row, few[k] as number))) };
    const input = {
      gramian: gramianOf(rows),
      tasks,
      losses: Float64Array.from(losses),
      ...ofParts,
      block: 'shared',
      step,
    };
    const weights = Array.from(balancing.weights(input));
    const direction = (rows[0] ?? []).map((_, i) =>
      rows.reduce((sum, row, k) => sum + (row[i] as number) * (weights[k] ?? 0), 0),
    );
    return { weights, direction };
  }
  return tf.tidy(() => {
    const columns = rows[0]?.length ?? 0;
    const state = balancing.state?.({ tasks: rows.length, columns }) ?? {};
    const found = balancing.aggregate?.({
      jacobian: tf.tensor2d(rows.map((row) => [...row])),
      losses: tf.tensor1d(losses),
      active: tf.ones([rows.length]),
      feeds: tensors(balancing.feeds?.(step) ?? {}),
      state: Object.fromEntries(
        Object.entries(state).map(([name, start]) => [
          name,
          'data' in start ? tf.tensor(start.data, [...start.shape]) : tf.zeros([...start]),
        ]),
      ),
      uniform: (path, shape) => {
        const size = sizeOf(shape);
        return tf.tensor(uniformFloats(size, 'trial', 'step', path), [...shape]);
      },
    });
    const weights = found?.weights;
    return {
      weights: weights && Array.from(weights.dataSync()),
      direction: Array.from(found?.direction.dataSync() ?? []),
    };
  });
}

/** Gradients of as many parts, whose mean this is. */
function inParts(row: readonly number[], count: number): Rows {
  return Array.from({ length: count }, (_, part) => row.map((value) => value * (1 + (2 * part + 1 - count) / count)));
}

function tensors(feeds: { readonly [name: string]: HostTensor }): Record<string, tf.Tensor> {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, { data, shape }]) => [name, tf.tensor(data, [...shape])]),
  );
}

function gramianOf(rows: Rows): Float64Array {
  return Float64Array.from(rows.flatMap((a) => rows.map((b) => inner(a, b))));
}

function inner(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
}
