import * as tf from '@tensorflow/tfjs';
import type { BoundLossWeighting } from '../../contracts/loss-weighting.js';
import { firstStep } from '../../contracts/loss-weighting.js';
import { gradientWith } from '../../programs/tape.js';
import type { Check } from './check.js';
import type { Claim } from './claims.js';
import { requireClose, requireFinite, requireThat } from './require-that.js';
import { scaleCheck } from './scale-check.js';
import { inTrial, type Subject } from './trial.js';

const names = ['task1', 'task2', 'task3'];

/** Losses of every size, all that float32 and a square have room for. */
const samples = [
  [0, 0, 0],
  [1e-12, 1e-12, 1e-12],
  [1e12, 1e12, 1e12],
  [0, 1, 1e6],
  [1e-8, 2, 1e8],
  [0.7, 0.2, 1.9],
];

/** What a loss weighting has to give besides. */
export function lossWeightingChecks(subject: Subject, claims: readonly Claim[]): Check[] {
  const checks: Check[] = [
    {
      name: 'gives a finite loss and finite weights for losses of every size',
      run: async () =>
        bound(subject, names, (weighting) => {
          for (const losses of samples) {
            for (const active of [
              [1, 1, 1],
              [1, 0, 1],
              [0, 0, 1],
            ]) {
              const { value, weights } = weigh(
                weighting,
                losses.map((loss, k) => loss * (active[k] as number)),
                active,
              );
              const place = () => `losses [${losses.join(', ')}] of tasks present [${active.join(', ')}]`;
              requireFinite([value], () => `The loss for ${place()}`);
              // What an absent task's loss would weigh is left out.
              requireFinite(
                weights.filter((_, k) => active[k] === 1),
                () => `The weights for ${place()}`,
              );
            }
          }
        }),
    },
    {
      name: 'has weights that are derivatives of its loss',
      run: async () =>
        bound(subject, names, (weighting) => {
          const losses = [0.7, 0.4, 1.9];
          const { weights } = weigh(weighting, losses, [1, 1, 1]);
          const h = 1e-2;
          const slopes = losses.map((_, k) => {
            const at = (by: number) =>
              weigh(
                weighting,
                losses.map((loss, i) => (i === k ? loss + by : loss)),
                [1, 1, 1],
              ).value;
            return (at(h) - at(-h)) / (2 * h);
          });
          requireClose(weights, slopes, 5e-3, (k) => `The weight of \`${names[k]}\`, against finite differences`);
        }),
    },
    scaleCheck(subject),
  ];
  if (claims.includes('positive-weights')) {
    checks.push({
      name: 'gives no negative weight, as claimed',
      run: async () =>
        bound(subject, names, (weighting) => {
          for (const losses of samples) {
            const { weights } = weigh(weighting, losses, [1, 1, 1]);
            const bad = weights.findIndex((weight) => weight < 0);
            requireThat(bad < 0, () => `Weight ${bad} is ${weights[bad]} for losses [${losses.join(', ')}].`);
          }
        }),
    });
  }
  if (claims.includes('order-of-tasks')) {
    checks.push({
      name: 'does not depend on the order of tasks, as claimed',
      run: async () => {
        const order = [2, 0, 1];
        for (const losses of samples.slice(3)) {
          const here = await bound(subject, names, (weighting) => weigh(weighting, losses, [1, 1, 1]).weights);
          const permuted = order.map((k) => losses[k] as number);
          const there = await bound(
            subject,
            order.map((k) => names[k] as string),
            (weighting) => weigh(weighting, permuted, [1, 1, 1]).weights,
          );
          const back = losses.map((_, k) => there[order.indexOf(k)] as number);
          requireClose(back, here, 1e-5, (k) => `The weight of \`${names[k]}\` in another order of tasks`);
        }
      },
    });
  }
  return checks;
}

function bound<Result>(
  subject: Subject,
  tasks: readonly string[],
  look: (weighting: BoundLossWeighting) => Result,
): Promise<Result> {
  return inTrial(subject, { tasks }, async (trial) => look(trial.bound() as BoundLossWeighting));
}

/** The scalar, and its derivative by every loss. */
function weigh(weighting: BoundLossWeighting, losses: readonly number[], active: readonly number[]) {
  return tf.tidy(() => {
    const given = Object.entries(weighting.feeds?.(firstStep) ?? {});
    const feeds = Object.fromEntries(given.map(([name, { data, shape }]) => [name, tf.tensor(data, [...shape])]));
    const stacked = tf.tensor1d([...losses]);
    const { gradients, others } = gradientWith(() => {
      const loss = weighting.scalarize(stacked, tf.tensor1d([...active]), feeds) as tf.Scalar;
      return { loss, others: { loss } };
    }, [stacked]);
    const weights = gradients[0]?.dataSync() ?? new Float32Array(losses.length);
    return { value: others.loss?.dataSync()[0] as number, weights: Array.from(weights) };
  });
}
