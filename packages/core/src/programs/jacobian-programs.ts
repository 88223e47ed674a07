import * as tf from '@tensorflow/tfjs';
import type { Program } from '../contracts/executor.js';
import type { ForwardState } from '../contracts/forward-state.js';
import type { GradientsOf } from '../contracts/gradient-balancing.js';
import type { Segment } from '../contracts/parameters.js';
import { PolytaskError } from '../errors/polytask-error.js';
import { gradientBlocks } from '../plans/gradient-blocks.js';
import { type TrainingPass, termsOutput } from './forward-pass.js';
import { type ProgramParts, variablesOf } from './program-parts.js';
import { flatGradient, gradientOf, onTape } from './tape.js';

/** Every objective's gradient from one forward pass, by parameters or by the shared representation. */
export function jacobianPrograms({ model, forward, check, shared, rest, once }: ProgramParts) {
  const { layout, tasks, objectives } = model;

  /** Gradient of objective k over all segments, with undefined for structural zeros. */
  function objectiveGradient(loss: tf.Scalar, k: number): (tf.Tensor | undefined)[] {
    const reaches = (segment: Segment) => k >= tasks.length || segment.usedBy.includes(objectives[k] as string);
    const reached = layout.segments.filter(reaches);
    const gradients = gradientOf(loss, variablesOf(reached));
    return layout.segments.map((segment) => gradients[reached.indexOf(segment)]);
  }

  function gradientsOfAll(pass: TrainingPass): Record<string, tf.Tensor> {
    const rows: tf.Tensor1D[] = [];
    const own: (tf.Tensor | undefined)[] = rest.map(() => undefined);
    const others: tf.Tensor1D[] = [];
    pass.losses.forEach((loss, k) => {
      const gradients = objectiveGradient(loss, k);
      rows.push(flatGradient(shared, gradients.slice(0, shared.length)));
      const beyond = gradients.slice(shared.length);
      if (k >= tasks.length) others.push(flatGradient(rest, beyond));
      // Of the segments that lie here, each belongs to one task at most.
      else for (const [i, one] of beyond.entries()) own[i] ??= one;
    });
    return {
      losses: tf.stack([...pass.losses]),
      shared: tf.stack(rows),
      own: tf.stack([flatGradient(rest, own), ...others]),
      auxiliary:
        pass.added === undefined
          ? tf.zeros([layout.size])
          : flatGradient(layout.segments, gradientOf(pass.added, variablesOf(layout.segments))),
      ...termsOutput(pass),
    };
  }

  const jacobian = (of?: GradientsOf): Program => ({
    name: of === undefined ? 'jacobian' : `jacobian-and-gramian-of-${of}`,
    check,
    run(feeds, context) {
      const found = onTape(() => gradientsOfAll(forward(feeds, context)));
      return of === undefined ? found : { ...found, gramians: gramiansOf(of, found.shared as tf.Tensor2D) };
    },
  });

  function gramiansOf(of: GradientsOf, jacobian: tf.Tensor2D): tf.Tensor {
    const gramians = gradientBlocks(layout, of).map(({ offset, size }) => {
      const block = (
        size === layout.sharedSize ? jacobian : tf.slice(jacobian, [0, offset], [-1, size])
      ) as tf.Tensor2D;
      return tf.matMul(block, block, false, true);
    });
    return tf.stack(gramians);
  }

  const representationGramian: Program = {
    name: 'gramian-of-representation',
    check,
    run(feeds, context) {
      const found = onTape(() => {
        const pass = forward(feeds, context);
        const { rows } = representationGradients(pass);
        return { losses: tf.stack([...pass.losses]), rows, ...termsOutput(pass) };
      });
      const rows = found.rows as tf.Tensor2D;
      return { ...found, gramians: tf.expandDims(tf.matMul(rows, rows, false, true), 0) };
    },
  };

  return {
    /** J, and Gramians of the blocks of `of` where asked for. */
    jacobian: (of?: GradientsOf) => once(`jacobian ${of}`, () => jacobian(of)),
    /** The same Gramians, of a J that is there. */
    gramians: (of: GradientsOf) =>
      once(`gramians ${of}`, () => ({
        name: `gramians-of-${of}`,
        run: ({ shared: jacobian }) => ({ gramians: gramiansOf(of, jacobian as tf.Tensor2D) }),
      })),
    /**
     * Of the J of parts of a batch, fed as `part/0` and so on, the products A Bᵀ of all pairs of them and of each with itself, in the order of
     * {@link pairsOf}: `[blocks, pairs, K, K]`.
     */
    productsOfParts: (of: GradientsOf, count: number) =>
      once(`products of ${count} parts ${of}`, () => ({
        name: `products-of-${count}-parts-of-${of}`,
        run(feeds) {
          const products = gradientBlocks(layout, of).map(({ offset, size }) => {
            const parts = Array.from({ length: count }, (_, part) => {
              const jacobian = feeds[`part/${part}`] as tf.Tensor2D;
              return size === layout.sharedSize ? jacobian : tf.slice(jacobian, [0, offset], [-1, size]);
            });
            const one = ([a, b]: readonly [number, number]) =>
              tf.matMul(parts[a] as tf.Tensor, parts[b] as tf.Tensor, false, true);
            return tf.stack(pairsOf(count).map(one));
          });
          return { products: tf.stack(products) };
        },
      })),
    /** The Gramian of the gradients of the shared representation, and these as `rows` `[K, B·d]`. */
    representationGramian,
  };
}

/** Pairs of so many, each with those that come after it, and with itself before. */
export function pairsOf(count: number): (readonly [number, number])[] {
  return Array.from({ length: count }, (_, a) =>
    Array.from({ length: count - a }, (_, i) => [a, a + i] as const),
  ).flat();
}

/** Gradients of all objectives by the shared representation, flattened over batch and features `[K, B·d]`; on a tape. */
export function representationGradients(pass: TrainingPass): { representation: tf.Tensor; rows: tf.Tensor2D } {
  const representation = requireRepresentation(pass.state);
  const rows = pass.losses.map((loss) => {
    const [gradient] = gradientOf(loss, [representation]);
    return gradient === undefined ? tf.zeros([representation.size]) : tf.reshape(gradient, [-1]);
  });
  return { representation, rows: tf.stack(rows) as tf.Tensor2D };
}

function requireRepresentation(state: ForwardState): tf.Tensor {
  if (state.shared === undefined) {
    throw new PolytaskError(
      'POLYTASK_NO_REPRESENTATION',
      'Gradients of the representation need a representation that all tasks share, but this sharing strategy has none ' +
        '(`ForwardState.shared`). Balance the gradients of the shared parameters instead.',
    );
  }
  return state.shared;
}
