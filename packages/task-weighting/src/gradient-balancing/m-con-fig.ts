import {
  type DeviceTensor,
  describePart,
  type HostTensor,
  hostTensor,
  type NamedTensors,
  number,
  type Program,
  withDefault,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { rescaled } from '../solvers/dense.js';
import { conflictFree } from './con-fig.js';

/**
 * M-ConFIG: ConFIG on moving means of the tasks' gradients, of which every step renews one. So a step has one backward pass, however many
 * tasks there are.
 *
 * In step n with task j's turn, $t_j \leftarrow t_j + 1$ and
 *
 * $$ m_j \leftarrow \beta_1 m_j + (1 - \beta_1) g_j, \quad \hat m_k = \frac{m_k}{1 - \beta_1^{t_k}}, \quad d = \mathrm{ConFIG}(\hat m_1, \dots, \hat m_K), \quad
 * M = (1 - \beta_1^{t}) \, d $$
 *
 * $$ \hat g = \frac{M - \beta_1 M'}{1 - \beta_1}, \quad s \leftarrow \beta_2 s + (1 - \beta_2) \hat g^2, \qquad
 * \text{update} = \frac{d}{\sqrt{s / (1 - \beta_2^{t})} + 10^{-8}} $$
 *
 * where t counts the updates, M' is the M before, and $\hat g$ the gradient that Adam would have seen.
 *
 * Shapes: a gradient `[P]` → m `[K, P]` → d and the update `[P]`.
 *
 * @remarks Use it with plain descent, `sgd`: the update is divided by its size already, and a second Adam would do so again; `notesOn` says so, and with it `polytask check`. Until every task had its turn there is no
 * update, so parameters stand still in the first K − 1 steps. The means are of all parameters, those of single tasks included, as in the paper. Turns go by the order in which tasks are declared. Where
 * the task whose turn it is has no label in the batch, the next one that has takes its place. State: (K + 2) times the parameters.
 * @example
 * ```ts
 * import { mConFig } from '@polytask/task-weighting';
 *
 * console.log(mConFig().options); // => { beta1: 0.9, beta2: 0.999 }
 * ```
 */
export const mConFig = /* @__PURE__ */ describePart('step-plan', {
  name: 'm-con-fig',
  summary: "Goes at the same angle to moving means of all tasks' gradients, and takes the gradient of one task a step.",
  cites: [
    {
      authors: 'Q. Liu, M. Chu and N. Thuerey',
      title: 'ConFIG: towards conflict-free training of physics informed neural networks',
      venue: 'ICLR',
      year: 2025,
      url: 'https://arxiv.org/abs/2408.11104',
      note: 'Algorithm 2.',
    },
  ],
  options: {
    beta1: withDefault(number({ from: 0, below: 1 }), 0.9, "How slowly the tasks' means follow.", 'paper'),
    beta2: withDefault(number({ from: 0, below: 1 }), 0.999, 'How slowly the mean of squares follows.', 'paper'),
  },
  make: ({ beta1, beta2 }) => ({
    madeFor: { optimizers: ['sgd'], because: 'It divides steps by their size already, and Adam would do so again.' },
    bind({ tasks: names }) {
      const k = names.length;
      const start = () => ({
        turn: 0,
        seen: names.map(() => 0),
        updates: 0,
        products: new Array<number>(k * k).fill(0),
      });
      let state = start();
      const means = names.map((name) => `mean/${name}`);
      return {
        async step({ active, gradient, apply, run, stored, store }) {
          const task = nextOf(state.turn, active(), k);
          const turns = names.map((_, i) => (i === task ? 1 : 0));
          const { gradient: fresh, losses } = await gradient({ weights: turns });
          state.turn = (task + 1) % k;
          state.seen[task] = (state.seen[task] as number) + 1;

          for (const name of [...means, 'previous', 'squares']) {
            if (stored(name) !== undefined) continue;
            const { device } = await run(begin, { feeds: { gradient: fresh }, outputs: { zeros: 'hold' } });
            store(name, device.zeros);
          }
          const held = (name: string) => stored(name) as DeviceTensor;
          const heldMeans = means.map(held);
          const own = heldMeans[task] as DeviceTensor;
          const tracked = await run(track, {
            feeds: { ...byPlace('mean', heldMeans), own, gradient: fresh, share: hostTensor(1 - beta1) },
            outputs: { moved: own, products: 'read' },
          });
          moveProducts(state.products, task, tracked.host.products.data, beta1);
          if (state.seen.some((count) => count === 0)) return { losses, weights: turns };

          state.updates += 1;
          const corrections = Float64Array.from(state.seen, (count) => 1 / (1 - beta1 ** count));
          const weights = conflictFree(
            rescaled(Float64Array.from(state.products), corrections),
            names.map(() => 1),
          );
          const shares = Array.from(weights, (weight, i) => hostTensor(weight * (corrections[i] as number)));
          let sum = {};
          for (let from = most; from < k; from += most) {
            const feeds = { ...sum, ...termsOf(heldMeans, shares, from) };
            sum = (await run(add, { feeds, outputs: { sum: 'hold' } })).device;
          }
          const now = 1 - beta1 ** state.updates;
          const rate = Math.sqrt(1 - beta2) / (1 - beta1);
          const moved = await run(update, {
            feeds: {
              ...sum,
              ...termsOf(heldMeans, shares, 0),
              previous: held('previous'),
              squares: held('squares'),
              now: hostTensor(now),
              fresh: hostTensor(now * rate),
              before: hostTensor(beta1 * rate),
              beta2: hostTensor(beta2),
              correction: hostTensor(1 / (1 - beta2 ** state.updates)),
            },
            outputs: { update: 'hold', previous: held('previous'), squares: held('squares') },
          });
          await apply(moved.device.update);
          return { losses, weights: weights.map((weight, i) => (Number.isNaN(losses[i]) ? 0 : weight)) };
        },
        saveState: () => structuredClone(state),
        loadState(saved) {
          state = structuredClone(saved) as ReturnType<typeof start>;
        },
        reset() {
          state = start();
        },
      };
    },
  }),
});

/** The first task from this one on, in a circle, that is present. */
function nextOf(turn: number, active: readonly number[], k: number): number {
  for (let n = 0; n < k; n++) if (active.includes((turn + n) % k)) return (turn + n) % k;
  return turn;
}

/** Values by names with numbers. */
function byPlace<T>(name: string, values: readonly T[]): { readonly [name: string]: T } {
  return Object.fromEntries(values.map((value, i) => [`${name}/${i}`, value]));
}

/**
 * Inner products of the means, after m_j ← β m_j + (1 − β) g: of what is new in them, only g with the means and with itself is needed. What is
 * rounded in them fades as the means do.
 *
 * @param products - `[K, K]`, changed in place.
 * @param fresh - g with every mean before, and with itself.
 */
function moveProducts(products: number[], j: number, fresh: ArrayLike<number>, beta: number): void {
  const k = fresh.length - 1;
  const own = beta * (products[j * (k + 1)] as number) + (1 - beta) * (fresh[j] as number);
  for (let i = 0; i < k; i++) {
    const moved = beta * (products[i * k + j] as number) + (1 - beta) * (fresh[i] as number);
    products[i * k + j] = moved;
    products[j * k + i] = moved;
  }
  const across = beta * (fresh[j] as number) + (1 - beta) * (fresh[k] as number);
  products[j * (k + 1)] = Math.max(0, beta * own + (1 - beta) * across);
}

/** Zeros. */
const begin: Program = {
  name: 'm-con-fig-begin',
  run: ({ gradient }) => ({ zeros: tf.zerosLike(gradient as tf.Tensor) }),
};

/** The mean that moves, and inner products of the gradient with the means before and with itself. */
const track: Program = {
  name: 'm-con-fig-track',
  run(feeds) {
    const { own, gradient, share } = feeds as Record<string, tf.Tensor>;
    const vectors = [...Object.keys(feeds).filter((name) => name.startsWith('mean/')), 'gradient'];
    const products = vectors.map((name) => tf.sum(tf.mul(gradient as tf.Tensor, feeds[name] as tf.Tensor)));
    const moved = tf.add(own as tf.Tensor, tf.mul(tf.sub(gradient as tf.Tensor, own as tf.Tensor), share as tf.Tensor));
    return { moved, products: tf.stack(products) };
  },
};

/** Means that one program adds up; an executor that does so in one pass has room for so many. */
const most = 8;

/** Some means with their shares, as feeds. */
function termsOf(means: readonly DeviceTensor[], shares: readonly HostTensor[], from: number) {
  const end = from + most;
  return { ...byPlace('mean', means.slice(from, end)), ...byPlace('share', shares.slice(from, end)) };
}

/** Σ share · mean, and the sum so far, as they are fed. */
function sumOf(feeds: NamedTensors): tf.Tensor {
  const before = feeds.sum === undefined ? [] : [feeds.sum];
  const means = Object.keys(feeds).filter((name) => name.startsWith('mean/'));
  return tf.addN([
    ...before,
    ...means.map((name) => tf.mul(feeds[name] as tf.Tensor, feeds[name.replace('mean', 'share')] as tf.Tensor)),
  ]);
}

const add: Program = { name: 'm-con-fig-add', run: (feeds) => ({ sum: sumOf(feeds) }) };

const update: Program = {
  name: 'm-con-fig-update',
  run(feeds) {
    const { previous, squares, now, before, fresh, beta2, correction } = feeds as Record<string, tf.Tensor>;
    const direction = sumOf(feeds);
    const mean = tf.mul(direction, now as tf.Tensor);
    // A division by a number costs as much as five products.
    const seen = tf.sub(tf.mul(direction, fresh as tf.Tensor), tf.mul(previous as tf.Tensor, before as tf.Tensor));
    const moved = tf.add(tf.mul(squares as tf.Tensor, beta2 as tf.Tensor), tf.square(seen));
    const size = tf.add(tf.sqrt(tf.mul(moved, correction as tf.Tensor)), 1e-8);
    return { update: tf.div(direction, size), previous: mean, squares: moved };
  },
};
