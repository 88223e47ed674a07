import * as tf from '@tensorflow/tfjs';
import type { Segment } from '../contracts/parameters.js';

interface TapeNode {
  readonly saved: readonly tf.Tensor[];
}

/** tfjs' own gradient functions; `state.activeTape` is what a running gradient has recorded so far. */
const engine = () => tf.engine() as unknown as Engine;
interface Engine {
  readonly state: { activeTape: TapeNode[] | null; gradientDepth: number };
  gradients(
    f: () => tf.Tensor,
    xs: readonly tf.Tensor[],
    dy: tf.Tensor | undefined,
    allowNoGradients: boolean,
  ): { value: tf.Tensor; grads: (tf.Tensor | undefined)[] };
}

type Tensors = Record<string, tf.Tensor>;

/**
 * Runs `forward` once and lets it take any number of gradients of what it computed by {@link gradientOf}. tfjs has no
 * persistent tape, but a gradient taken inside another one uses the outer tape; the outer one is trivial.
 */
export function onTape(forward: () => Tensors): Tensors {
  const anchor = tf.scalar(0);
  let kept: Tensors = {};
  differentiate(
    () => {
      kept = keep(forward());
      return tf.clone(anchor);
    },
    [anchor],
    () => tf.dispose(kept),
  );
  return handOver(kept);
}

/**
 * The gradient of `y` by each of `xs`, inside {@link onTape} or {@link gradientWith}; undefined where y does not depend on x.
 * What the backward pass itself recorded is forgotten, or K gradients would cost a tape of K times the length.
 */
export function gradientOf(y: tf.Tensor, xs: readonly tf.Tensor[], dy?: tf.Tensor): (tf.Tensor | undefined)[] {
  if (xs.length === 0) return [];
  const tape = engine().state.activeTape as TapeNode[];
  const length = tape.length;
  const { grads } = engine().gradients(() => tf.clone(y), xs, dy, true);
  for (const node of tape.splice(length)) tf.dispose([...node.saved]);
  return grads;
}

/** One gradient: of the `loss` that `forward` gives, by each of `xs`; and the other tensors it gives. */
export function gradientWith(
  forward: () => { loss: tf.Scalar; others: Tensors },
  xs: readonly tf.Tensor[],
): { gradients: (tf.Tensor | undefined)[]; others: Tensors } {
  let kept: Tensors = {};
  const gradients = differentiate(
    () => {
      const { loss, others } = forward();
      kept = keep(others);
      return loss;
    },
    xs,
    () => tf.dispose(kept),
  );
  return { gradients, others: handOver(kept) };
}

/**
 * The gradient of a scalar by some tensors inside a program, as constants: no gradient flows through it, and what was computed for it
 * is forgotten. For adversarial examples, and for whatever else needs a slope within a loss.
 *
 * Shapes: xs any → a gradient of the same shape each, zeros where f does not depend on one.
 *
 * @param f A scalar, in tfjs.
 * @param xs What to take the gradient by: inputs, features, or variables.
 * @example
 * ```ts
 * import { constantGradient } from '@polytask/core';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const x = tf.tensor1d([1, 2]);
 * const [slope] = constantGradient(() => tf.sum(tf.square(x)), [x]);
 * console.log(slope?.dataSync()); // => Float32Array(2) [ 2, 4 ]
 * ```
 */
export function constantGradient(f: () => tf.Tensor, xs: readonly tf.Tensor[]): tf.Tensor[] {
  const tape = engine().state.activeTape;
  const length = tape?.length ?? 0;
  // Their origin is cut off: the way back stops here, however long the tape before it is.
  const { grads } = engine().gradients(f, xs, undefined, true);
  for (const node of tape?.splice(length) ?? []) tf.dispose([...node.saved]);
  return xs.map((x, i) => grads[i] ?? tf.zerosLike(x));
}

/** An outermost gradient. tfjs keeps what the tape saved for the backward pass where either pass throws; here it goes. */
function differentiate(f: () => tf.Tensor, xs: readonly tf.Tensor[], failed: () => void): (tf.Tensor | undefined)[] {
  try {
    return engine().gradients(f, xs, undefined, true).grads;
  } catch (error) {
    failed();
    const { state } = engine();
    if (state.gradientDepth === 0) {
      for (const node of state.activeTape ?? []) tf.dispose([...node.saved]);
      state.activeTape = null;
    }
    throw error;
  }
}

/** Gradients of neighbouring segments as one vector; zeros where there is none. */
export function flatGradient(segments: readonly Segment[], gradients: readonly (tf.Tensor | undefined)[]): tf.Tensor1D {
  const parts = segments.map((segment, i) => {
    const gradient = gradients[i];
    return gradient === undefined ? tf.zeros([segment.size]) : tf.reshape(gradient, [-1]);
  });
  return parts.length === 0 ? tf.zeros([0]) : (tf.concat(parts as tf.Tensor1D[]) as tf.Tensor1D);
}

/** tfjs disposes of all that a forward function made except its result, so what else is needed is kept for a moment. */
function keep(tensors: Tensors): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tf.keep(tf.clone(tensor))]));
}

/** Kept tensors to ordinary ones, which the surrounding `tf.tidy` looks after. */
function handOver(kept: Tensors): Tensors {
  return Object.fromEntries(
    Object.entries(kept).map(([name, tensor]) => {
      const ordinary = tf.clone(tensor);
      tensor.dispose();
      return [name, ordinary];
    }),
  );
}
