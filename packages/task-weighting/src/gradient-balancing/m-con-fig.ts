import { type DeviceTensor, describePart, hostTensor, number, type Program, withDefault } from '@polytask/core';
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
 * update, so parameters stand still in the first K − 1 steps. The means are of all parameters, those of single tasks included, as in the paper. Where
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
      return {
        async step({ active, gradient, apply, run, stored, store }) {
          const task = nextOf(state.turn, active(), k);
          const turns = names.map((_, i) => (i === task ? 1 : 0));
          const { gradient: own, losses } = await gradient({ weights: turns });
          state.turn = (task + 1) % k;
          state.seen[task] = (state.seen[task] as number) + 1;

          if (stored('momenta') === undefined) {
            const { device } = await run(begin, {
              feeds: { gradient: own, tasks: hostTensor(new Float32Array(k), [k, 1]) },
              outputs: { momenta: 'hold', previous: 'hold', squares: 'hold' },
            });
            for (const [name, tensor] of Object.entries(device)) store(name, tensor);
          }
          const held = (name: string) => stored(name) as DeviceTensor;
          const tracked = await run(track, {
            feeds: {
              gradient: own,
              momenta: held('momenta'),
              shares: hostTensor(
                turns.map((turn) => turn * (1 - beta1)),
                [k, 1],
              ),
              turn: { data: Int32Array.of(task), shape: [1] },
            },
            outputs: { momenta: 'hold', products: 'read' },
          });
          store('momenta', tracked.device.momenta);
          tracked.host.products.data.forEach((product, i) => {
            state.products[task * k + i] = product;
            state.products[i * k + task] = product;
          });
          if (state.seen.some((count) => count === 0)) return { losses, weights: turns };

          state.updates += 1;
          const corrections = Float64Array.from(state.seen, (count) => 1 / (1 - beta1 ** count));
          const weights = conflictFree(
            rescaled(Float64Array.from(state.products), corrections),
            names.map(() => 1),
          );
          const moved = await run(update, {
            feeds: {
              momenta: tracked.device.momenta,
              weights: hostTensor(
                weights.map((weight, i) => weight * (corrections[i] as number)),
                [1, k],
              ),
              previous: held('previous'),
              squares: held('squares'),
              beta1: hostTensor(beta1),
              beta2: hostTensor(beta2),
              first: hostTensor(1 - beta1 ** state.updates),
              second: hostTensor(1 - beta2 ** state.updates),
            },
            outputs: { update: 'hold', previous: 'hold', squares: 'hold' },
          });
          store('previous', moved.device.previous);
          store('squares', moved.device.squares);
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

/** Zeros. */
const begin: Program = {
  name: 'm-con-fig-begin',
  run: ({ gradient, tasks }) => ({
    momenta: tf.mul(tasks as tf.Tensor, tf.expandDims(tf.zerosLike(gradient as tf.Tensor), 0)),
    previous: tf.zerosLike(gradient as tf.Tensor),
    squares: tf.zerosLike(gradient as tf.Tensor),
  }),
};

/** The means, of which one moves, and its inner products with all: those of the others are known. */
const track: Program = {
  name: 'm-con-fig-track',
  run({ gradient, momenta, shares, turn }) {
    const row = tf.expandDims(gradient as tf.Tensor, 0);
    const moved = tf.add(
      momenta as tf.Tensor,
      tf.mul(tf.sub(row, momenta as tf.Tensor), shares as tf.Tensor),
    ) as tf.Tensor2D;
    const own = tf.gather(moved, turn as tf.Tensor1D);
    return { momenta: moved, products: tf.matMul(own as tf.Tensor2D, moved, false, true) };
  },
};

const update: Program = {
  name: 'm-con-fig-update',
  run(feeds) {
    const { momenta, weights, previous, squares, beta1, beta2, first, second } = feeds as Record<string, tf.Tensor>;
    const direction = tf.reshape(tf.matMul(weights as tf.Tensor2D, momenta as tf.Tensor2D), [-1]);
    const mean = tf.mul(direction, first as tf.Tensor);
    const seen = tf.div(tf.sub(mean, tf.mul(previous as tf.Tensor, beta1 as tf.Tensor)), tf.sub(1, beta1 as tf.Tensor));
    const fresh = tf.mul(tf.square(seen), tf.sub(1, beta2 as tf.Tensor));
    const moved = tf.add(tf.mul(squares as tf.Tensor, beta2 as tf.Tensor), fresh);
    const size = tf.add(tf.sqrt(tf.div(moved, second as tf.Tensor)), 1e-8);
    return { update: tf.div(direction, size), previous: mean, squares: moved };
  },
};
