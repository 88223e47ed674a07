import * as tf from '@tensorflow/tfjs';
import type { GradientsOf } from '../contracts/gradient-balancing.js';
import type { NamedTensors } from '../contracts/tensors.js';
import { unstack } from '../layers/unstack.js';
import { gradientBlocks } from '../plans/gradient-blocks.js';
import { feedsUnder } from '../training/batch-feeds.js';
import type { FedHeadGradients } from './loss-programs.js';
import type { ProgramParts } from './program-parts.js';
import { applyUpdate, perRow, type UpdateMode } from './update.js';

/** From what a Jacobian program gave (`shared`, `own`, `auxiliary`) to one gradient, and from a gradient to the update. */
export function combinationPrograms({ model, optimizer, once }: ProgramParts) {
  const { layout } = model;

  /** Jᵀw for what is shared, J fed as `shared` or as the parts of a sum, `part/…`, weights `[blocks, K]` fed, and `head-weights` [K] for heads that are not raw. */
  function combined(of: GradientsOf, heads: FedHeadGradients, feeds: NamedTensors): tf.Tensor1D {
    const weights = feeds.weights as tf.Tensor2D;
    const jacobians = feeds.shared === undefined ? Object.values(feedsUnder('part', feeds)) : [feeds.shared];
    const blocks = of === 'layers' ? gradientBlocks(layout, of) : [{ offset: 0, size: layout.sharedSize }];
    const parts = blocks.map(({ offset, size }, b) => {
      const single = blocks.length === 1;
      const row = single ? weights : tf.slice(weights, [b, 0], [1, -1]);
      const found = jacobians.map((jacobian) =>
        tf.matMul(row, single ? jacobian : tf.slice(jacobian, [0, offset], [-1, size])),
      );
      return tf.reshape(
        found.reduce((sum, one) => tf.add(sum, one)),
        [-1],
      );
    });
    const direction = parts.length === 1 ? (parts[0] as tf.Tensor) : tf.concat(parts);
    return withRest(model, direction, feeds, heads === 'raw' ? undefined : feeds['head-weights']);
  }

  return {
    combine: (of: GradientsOf, heads: FedHeadGradients) =>
      once(`combine ${of} ${heads}`, () => ({
        name: `combine-${of}-${heads}`,
        run: (feeds) => ({ gradient: combined(of, heads, feeds) }),
      })),
    apply: (mode: UpdateMode) =>
      once(`apply ${mode}`, () => ({
        name: `apply-${mode}`,
        run: (feeds) => applyUpdate(optimizer, layout, mode, feeds, feeds.gradient as tf.Tensor1D),
      })),
    combineAndApply: (mode: UpdateMode, of: GradientsOf, heads: FedHeadGradients) =>
      once(`combine ${of} ${heads} apply ${mode}`, () => ({
        name: `combine-${of}-${heads}-and-apply-${mode}`,
        run: (feeds) => applyUpdate(optimizer, layout, mode, feeds, combined(of, heads, feeds)),
      })),
  };
}

/**
 * The gradient of everything: `direction` for what is shared; for the rest every objective's own gradient, as it is or times
 * its weight; plus that of the auxiliary terms.
 */
export function withRest(
  { layout, tasks }: ProgramParts['model'],
  direction: tf.Tensor,
  feeds: NamedTensors,
  weights?: tf.Tensor,
): tf.Tensor1D {
  const own = feeds.own as tf.Tensor2D;
  const [first, ...others] = unstack(own);
  let rest = first as tf.Tensor;
  const ranges = layout.ranges.filter((range) => range.offset >= layout.sharedSize);
  if (weights === undefined) {
    for (const row of others) rest = tf.add(rest, row);
  } else if (ranges.length > 0) {
    const single = tf.split(weights as tf.Tensor1D, weights.size);
    const one = tf.ones([1]) as tf.Tensor1D;
    const perRange = ranges.map(({ usedBy }) => single[tasks.findIndex(({ name }) => name === usedBy[0])] ?? one);
    rest = tf.mul(rest, perRow(tf.concat(perRange) as tf.Tensor1D, ranges));
    others.forEach((row, i) => {
      rest = tf.add(rest, tf.mul(row, single[tasks.length + i] as tf.Tensor));
    });
  }
  return tf.add(tf.concat([direction, rest]), feeds.auxiliary as tf.Tensor);
}
