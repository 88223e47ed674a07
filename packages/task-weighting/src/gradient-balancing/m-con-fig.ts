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
      const track = trackProgram(k);
      const update = updateProgram(k);
      return {
        async step({ active, gradient, apply, run, stored, store }) {
          const task = nextOf(state.turn, active(), k);
          const turns = names.map((_, i) => (i === task ? 1 : 0));
          const { gradient: own, losses } = await gradient({ weights: turns });
          state.turn = (task + 1) % k;
          state.seen[task] = (state.seen[task] as number) + 1;

          const held = (name: string) => stored(name) as DeviceTensor;
          const means = names.map((_, i) => meanName(i));
          for (const name of [...means, 'previous', 'squares']) {
            if (stored(name) === undefined)
              store(name, (await run(zeros, { feeds: { like: own }, outputs: { zeros: 'hold' } })).device.zeros);
          }
          const momenta = Object.fromEntries(means.map((name) => [name, held(name)]));
          const tracked = await run(track, {
            feeds: { ...momenta, own: held(meanName(task)), gradient: own, share: hostTensor(1 - beta1) },
            outputs: { moved: held(meanName(task)), products: 'read' },
          });
          renewProducts(state.products, task, tracked.host.products.data, beta1);
          if (state.seen.some((count) => count === 0)) return { losses, weights: turns };

          state.updates += 1;
          const corrections = Float64Array.from(state.seen, (count) => 1 / (1 - beta1 ** count));
          const weights = conflictFree(
            rescaled(Float64Array.from(state.products), corrections),
            names.map(() => 1),
          );
          const factors = weights.map((weight, i) => weight * (corrections[i] as number));
          const moved = await run(update, {
            feeds: {
              ...momenta,
              ...Object.fromEntries(names.map((_, i) => [`weight${i}`, hostTensor(factors[i] as number)])),
              before: held('previous'),
              squared: held('squares'),
              beta1: hostTensor(beta1),
              beta2: hostTensor(beta2),
              first: hostTensor(1 - beta1 ** state.updates),
              second: hostTensor(1 - beta2 ** state.updates),
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

function meanName(task: number): string {
  return `momentum${task}`;
}

/** Inner products of the moving means, after one of them moved: what it moved by is a share of a gradient whose products with all are known. */
function renewProducts(products: number[], task: number, withGradient: ArrayLike<number>, beta: number): void {
  const k = withGradient.length - 1;
  const own = products[task * (k + 1)] as number;
  const share = 1 - beta;
  for (let i = 0; i < k; i++) {
    const moved = beta * (products[task * k + i] as number) + share * (withGradient[i] as number);
    products[task * k + i] = moved;
    products[i * k + task] = moved;
  }
  const cross = 2 * beta * share * (withGradient[task] as number);
  products[task * (k + 1)] = beta * beta * own + cross + share * share * (withGradient[k] as number);
}

const zeros: Program = {
  name: 'm-con-fig-zeros',
  run: ({ like }) => ({ zeros: tf.zerosLike(like as tf.Tensor) }),
};

/*
 * All vectors have the size of the parameters and programs are entry by entry but for the inner products, so that an executor can go through each
 * vector once, and write where it reads.
 */

/** A task's mean moved towards its gradient, and the inner products of the gradient with all means and itself. */
function trackProgram(k: number): Program {
  return {
    name: 'm-con-fig-track',
    run(feeds) {
      const { own, gradient, share } = feeds as Record<string, tf.Tensor1D>;
      const g = gradient as tf.Tensor1D;
      const others = Array.from({ length: k }, (_, i) => feeds[meanName(i)] as tf.Tensor1D);
      return {
        moved: tf.add(own as tf.Tensor, tf.mul(tf.sub(g, own as tf.Tensor), share as tf.Tensor)),
        products: tf.stack([...others, g].map((vector) => tf.dot(g, vector))),
      };
    },
  };
}

function updateProgram(k: number): Program {
  return {
    name: 'm-con-fig-update',
    run(feeds) {
      const { before, squared, beta1, beta2, first, second } = feeds as Record<string, tf.Tensor>;
      const direction = Array.from({ length: k }, (_, i) =>
        tf.mul(feeds[meanName(i)] as tf.Tensor, feeds[`weight${i}`] as tf.Tensor),
      ).reduce((sum, term) => tf.add(sum, term));
      const mean = tf.mul(direction, first as tf.Tensor);
      const seen = tf.div(tf.sub(mean, tf.mul(before as tf.Tensor, beta1 as tf.Tensor)), tf.sub(1, beta1 as tf.Tensor));
      const fresh = tf.mul(tf.square(seen), tf.sub(1, beta2 as tf.Tensor));
      const squares = tf.add(tf.mul(squared as tf.Tensor, beta2 as tf.Tensor), fresh);
      const size = tf.add(tf.sqrt(tf.div(squares, second as tf.Tensor)), 1e-8);
      return { update: tf.div(direction, size), previous: mean, squares };
    },
  };
}
