import * as tf from '@tensorflow/tfjs';
import { PolytaskError } from '../errors/polytask-error.js';
import type { Model } from '../model/multi-task-model.js';
import type { StepContext } from '../spec/encoder.js';
import type { Program, ProgramContext } from '../spec/executor.js';
import type { BoundGradientBalancing, GradientsOf } from '../spec/gradient-balancing.js';
import type { BoundLossWeighting } from '../spec/loss-weighting.js';
import type { Optimizer } from '../spec/optimizer.js';
import type { Segment } from '../spec/parameters.js';
import type { ForwardState } from '../spec/sharing.js';
import type { TaskConstants } from '../spec/task.js';
import type { NamedTensors } from '../spec/tensors.js';
import { feedsUnder, tensorBatch } from './batch-feeds.js';
import { gradientBlocks } from './gradient-blocks.js';
import { flatGradient, gradientOf, gradientWith, onTape } from './tape.js';
import { applyUpdate, perRow, type UpdateMode } from './update.js';

/** All that the programs of one run are made from. */
export interface ProgramParts {
  readonly model: Model;
  readonly optimizer: Optimizer;
  readonly constants: { readonly [task: string]: TaskConstants };
}

/** Every program of a run; made once, so that an executor may keep what it compiled. */
export type Programs = ReturnType<typeof createPrograms>;

/**
 * The programs behind a step: pure functions of the variables, a batch and feeds. What is fed: the batch (`input/…`,
 * `target/…`, `share/…`), `active` [K], strategies' numbers (`balancing/…`, `auxiliary/…`), the optimizer's (`factor/…`,
 * `slot/…`), and whatever device tensors the program combines.
 */
export function createPrograms({ model, optimizer, constants }: ProgramParts) {
  const { layout, tasks, objectives } = model;
  const own = layout.segments.filter((segment) => segment.group !== 'balancing');
  const balancingSegments = layout.segments.filter((segment) => segment.group === 'balancing');
  const shared = layout.segments.filter((segment) => segment.offset < layout.sharedSize);
  const rest = layout.segments.filter((segment) => segment.offset >= layout.sharedSize);
  const variables = (segments: readonly Segment[]) => segments.map((segment) => segment.variable);

  /** One forward pass in training mode: the loss of every objective, and the sum of what is added after balancing. */
  function forward(feeds: NamedTensors, context: ProgramContext) {
    const step: StepContext = { training: true, uniform: context.uniform };
    const state = model.sharing.forward(feedsUnder('input', feeds), step);
    const losses = tasks.map((task) => {
      const rows = task.loss(
        state.outputs[task.name] as NamedTensors,
        feeds[`target/${task.name}`] as tf.Tensor,
        constants[task.name] ?? {},
      );
      return tf.sum(tf.mul(rows, feeds[`share/${task.name}`] as tf.Tensor)) as tf.Scalar;
    });
    let added: tf.Scalar | undefined;
    const add = (weight: number, loss: tf.Scalar) => {
      const term = weight === 1 ? loss : tf.mul(loss, weight);
      added = (added === undefined ? term : tf.add(added, term)) as tf.Scalar;
    };
    for (const { weight, loss } of model.sharing.auxiliary ?? []) add(weight, loss(state, tensorBatch(feeds)));
    for (const { description, bound } of model.auxiliaries) {
      const loss = bound.loss(state, tensorBatch(feeds), feedsUnder(`auxiliary/${description.name}`, feeds));
      if (description.asTask) losses.push(tf.mul(loss, description.weight ?? 1) as tf.Scalar);
      else add(description.weight ?? 1, loss);
    }
    return { state, losses, added };
  }

  const plus = (loss: tf.Tensor, added: tf.Scalar | undefined) =>
    (added === undefined ? loss : tf.add(loss, added)) as tf.Scalar;

  /** Variables that objective k depends on, among `segments`. */
  const used = (k: number, segments: readonly Segment[]) =>
    segments.filter((segment) => k >= tasks.length || segment.usedBy.includes(objectives[k] as string));

  /** Gradients of one objective over `segments`, with undefined for structural zeros. */
  function objectiveGradient(loss: tf.Scalar, k: number, segments: readonly Segment[]): (tf.Tensor | undefined)[] {
    const reached = used(k, segments);
    const gradients = gradientOf(loss, variables(reached));
    return segments.map((segment) => gradients[reached.indexOf(segment)]);
  }

  const losses: Program = {
    name: 'losses',
    run: (feeds, context) => ({ losses: tf.stack(forward(feeds, context).losses) }),
  };

  /** Gradient of Σ w_k L_k over all parameters. */
  const gradient = (auxiliary: boolean): Program => ({
    name: auxiliary ? 'gradient' : 'gradient-of-tasks',
    run(feeds, context) {
      const { gradients, others } = gradientWith(() => {
        const pass = forward(feeds, context);
        const stacked = tf.stack(pass.losses);
        const loss = tf.sum(tf.mul(stacked, feeds.weights as tf.Tensor));
        return { loss: plus(loss, auxiliary ? pass.added : undefined), others: { losses: stacked } };
      }, variables(layout.segments));
      return { gradient: flatGradient(layout.segments, gradients), losses: others.losses as tf.Tensor };
    },
  });

  /** K gradients of one forward pass, and Gramians of the blocks of `of` where asked for. */
  const jacobian = (of?: GradientsOf): Program => ({
    name: of === undefined ? 'jacobian' : `jacobian-and-gramian-of-${of}`,
    run(feeds, context) {
      const found = onTape(() => {
        const pass = forward(feeds, context);
        const rows: tf.Tensor1D[] = [];
        const totals: (tf.Tensor | undefined)[] = rest.map(() => undefined);
        pass.losses.forEach((loss, k) => {
          const gradients = objectiveGradient(loss, k, layout.segments);
          rows.push(flatGradient(shared, gradients.slice(0, shared.length)));
          gradients.slice(shared.length).forEach((one, i) => {
            const before = totals[i];
            if (one !== undefined) totals[i] = before === undefined ? one : tf.add(before, one);
          });
        });
        return {
          losses: tf.stack(pass.losses),
          shared: tf.stack(rows),
          own: flatGradient(rest, totals),
          auxiliary:
            pass.added === undefined
              ? tf.zeros([layout.size])
              : flatGradient(layout.segments, gradientOf(pass.added, variables(layout.segments))),
        };
      });
      if (of === undefined) return found;
      const gramians = gradientBlocks(layout, of).map(({ offset, size }) => {
        const block = (
          size === layout.sharedSize ? found.shared : tf.slice(found.shared as tf.Tensor, [0, offset], [-1, size])
        ) as tf.Tensor2D;
        return tf.matMul(block, block, false, true);
      });
      return { ...found, gramians: tf.stack(gramians) };
    },
  });

  /** The Gramian of the gradients of the shared representation, flattened over batch and features. */
  const representationGramian: Program = {
    name: 'gramian-of-representation',
    run(feeds, context) {
      const { losses: stacked, rows } = onTape(() => {
        const pass = forward(feeds, context);
        const representation = requireRepresentation(pass.state);
        const gradients = pass.losses.map((loss) => {
          const [one] = gradientOf(loss, [representation]);
          return one === undefined ? tf.zeros([representation.size]) : tf.reshape(one, [-1]);
        });
        return { losses: tf.stack(pass.losses), rows: tf.stack(gradients) };
      });
      const matrix = rows as tf.Tensor2D;
      return { losses: stacked as tf.Tensor, gramians: tf.expandDims(tf.matMul(matrix, matrix, false, true), 0) };
    },
  };

  /** One weighted backward pass: what is shared gets Σ w_k ∇L_k, what is not gets its raw or weighted gradient. */
  const weightedBackwardAndApply = (mode: UpdateMode, headGradients: 'raw' | 'weighted'): Program => ({
    name: `weighted-backward-${headGradients}-and-apply-${mode}`,
    run(feeds, context) {
      const { flat } = onTape(() => {
        const pass = forward(feeds, context);
        const stacked = tf.stack(pass.losses);
        const weighted = plus(tf.sum(tf.mul(stacked, feeds.weights as tf.Tensor)), pass.added);
        if (headGradients === 'weighted') {
          return { flat: flatGradient(layout.segments, gradientOf(weighted, variables(layout.segments))) };
        }
        const raw = plus(tf.sum(stacked), pass.added);
        return {
          flat: flatGradient(layout.segments, [
            ...gradientOf(weighted, variables(shared)),
            ...gradientOf(raw, variables(rest)),
          ]),
        };
      });
      return applyUpdate(optimizer, layout, mode, feeds, flat as tf.Tensor1D);
    },
  });

  /** Jᵀw for what is shared (weights `[blocks, K]`), raw or weighted gradients for the rest, plus the auxiliary gradient. */
  function combined(of: GradientsOf, headGradients: 'raw' | 'weighted', feeds: NamedTensors): tf.Tensor1D {
    const weights = feeds.weights as tf.Tensor2D;
    const jacobianShared = feeds.shared as tf.Tensor2D;
    const blocks = of === 'layers' ? gradientBlocks(layout, of) : [{ offset: 0, size: layout.sharedSize }];
    const direction =
      blocks.length === 1
        ? tf.reshape(tf.matMul(weights, jacobianShared), [-1])
        : tf.concat(
            blocks.map(({ offset, size }, b) => {
              const row = tf.slice(weights, [b, 0], [1, -1]) as tf.Tensor2D;
              return tf.reshape(tf.matMul(row, tf.slice(jacobianShared, [0, offset], [-1, size]) as tf.Tensor2D), [-1]);
            }),
          );
    return withHeads(direction as tf.Tensor1D, headGradients, feeds);
  }

  function withHeads(direction: tf.Tensor1D, headGradients: 'raw' | 'weighted', feeds: NamedTensors): tf.Tensor1D {
    let heads = feeds.own as tf.Tensor1D;
    if (headGradients === 'weighted') {
      const ranges = layout.ranges.filter((range) => range.offset >= layout.sharedSize);
      const weights = tf.split(tf.mean(feeds.weights as tf.Tensor2D, 0) as tf.Tensor1D, objectives.length);
      const one = tf.ones([1]) as tf.Tensor1D;
      const perRange = ranges.map(({ usedBy }) =>
        usedBy.length === 1 ? weights[objectives.indexOf(usedBy[0] as string)] : one,
      );
      if (ranges.length > 0) heads = tf.mul(heads, perRow(tf.concat(perRange as tf.Tensor1D[]) as tf.Tensor1D, ranges));
    }
    return tf.add(tf.concat([direction, heads]), feeds.auxiliary as tf.Tensor) as tf.Tensor1D;
  }

  const combine = (of: GradientsOf, headGradients: 'raw' | 'weighted'): Program => ({
    name: `combine-${of}-${headGradients}`,
    run: (feeds) => ({ gradient: combined(of, headGradients, feeds) }),
  });

  const apply = (mode: UpdateMode): Program => ({
    name: `apply-${mode}`,
    run: (feeds) => applyUpdate(optimizer, layout, mode, feeds, feeds.gradient as tf.Tensor1D),
  });

  const combineAndApply = (mode: UpdateMode, of: GradientsOf, headGradients: 'raw' | 'weighted'): Program => ({
    name: `combine-${of}-${headGradients}-and-apply-${mode}`,
    run: (feeds) => applyUpdate(optimizer, layout, mode, feeds, combined(of, headGradients, feeds)),
  });

  /** An aggregation in tfjs, then the update. `direction` and Gramian tell the host which weights it amounts to. */
  const aggregateAndApply = (mode: UpdateMode, bound: BoundGradientBalancing): Program => ({
    name: `aggregate-and-apply-${mode}`,
    run(feeds) {
      const matrix = feeds.shared as tf.Tensor2D;
      const aggregated = (bound.aggregate as NonNullable<typeof bound.aggregate>)({
        jacobian: matrix,
        losses: feeds.losses as tf.Tensor1D,
        active: feeds.active as tf.Tensor1D,
        feeds: feedsUnder('balancing', feeds),
        state: feedsUnder('state', feeds),
      });
      const flat = withHeads(aggregated.direction, 'raw', feeds);
      const stateOutputs = Object.fromEntries(
        Object.entries(aggregated.state ?? {}).map(([name, tensor]) => [`state/${name}`, tensor]),
      );
      return {
        ...applyUpdate(optimizer, layout, mode, feeds, flat),
        ...stateOutputs,
        gramian: tf.matMul(matrix, matrix, false, true),
        products: tf.reshape(tf.matMul(matrix, tf.expandDims(aggregated.direction, 1) as tf.Tensor2D), [-1]),
      };
    },
  });

  /** Loss weighting: losses to a scalar, its gradient, the update; one program, one backward pass. */
  const weightedStep = (mode: UpdateMode, bound: BoundLossWeighting, scale: 'paper' | 'tasks'): Program => ({
    name: `weighted-step-${mode}`,
    run(feeds, context) {
      const active = feeds.active as tf.Tensor1D;
      const { gradients, others } = gradientWith(() => {
        const pass = forward(feeds, context);
        const stacked = tf.stack(pass.losses) as tf.Tensor1D;
        // ∂scalarize/∂L is every task's effective weight, and Σ w_k L_k with w held fixed has the same gradient.
        const leaf = tf.clone(stacked);
        const scalar = bound.scalarize(leaf, active, feedsUnder('balancing', feeds));
        const [byLoss, ...byBalancing] = gradientOf(scalar, [leaf, ...variables(balancingSegments)]);
        let weights = tf.mul(byLoss ?? tf.zerosLike(leaf), active) as tf.Tensor1D;
        if (scale === 'tasks') weights = tf.mul(weights, tf.div(tf.sum(active), tf.sum(weights)));
        const loss = plus(tf.sum(tf.mul(stacked, weights)), pass.added);
        return { loss, others: { losses: stacked, weights, balancing: flatGradient(balancingSegments, byBalancing) } };
      }, variables(own));
      const model = flatGradient(own, gradients);
      const flat =
        balancingSegments.length === 0 ? model : (tf.concat([model, others.balancing as tf.Tensor1D]) as tf.Tensor1D);
      return {
        losses: others.losses as tf.Tensor,
        weights: others.weights as tf.Tensor,
        ...applyUpdate(optimizer, layout, mode, feeds, flat),
      };
    },
  });

  const gramian: Program = {
    name: 'gramian',
    run: ({ a, b }) => ({ gramian: tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D, false, true) }),
  };
  const axpy: Program = {
    name: 'axpy',
    run: ({ values, alpha, gradient: g }) => ({
      values: tf.add(values as tf.Tensor, tf.mul(alpha as tf.Tensor, g as tf.Tensor)),
    }),
  };
  const copy: Program = { name: 'copy', run: ({ value }) => ({ copy: tf.clone(value as tf.Tensor) }) };
  const norm: Program = {
    name: 'norm',
    run: ({ value }) => ({ norm: tf.sqrt(tf.sum(tf.square(value as tf.Tensor))) }),
  };

  /** Predictions of every task, in inference mode; with targets fed also every row's loss. */
  const predict = (withLosses: boolean): Program => ({
    name: withLosses ? 'evaluate' : 'predict',
    run(feeds, context) {
      const step: StepContext = { training: false, uniform: context.uniform };
      const state = model.sharing.forward(feedsUnder('input', feeds), step);
      const found: Record<string, tf.Tensor> = {};
      for (const task of tasks) {
        const outputs = state.outputs[task.name] as NamedTensors;
        found[`prediction/${task.name}`] = task.predict(outputs, constants[task.name] ?? {});
        if (withLosses) {
          const target = feeds[`target/${task.name}`] as tf.Tensor;
          found[`loss/${task.name}`] = task.loss(outputs, target, constants[task.name] ?? {});
        }
      }
      return found;
    },
  });

  const once = memoized();
  return {
    losses,
    gramian,
    axpy,
    copy,
    norm,
    representationGramian,
    gradient: (auxiliary: boolean) => once(`gradient ${auxiliary}`, () => gradient(auxiliary)),
    jacobian: (of?: GradientsOf) => once(`jacobian ${of}`, () => jacobian(of)),
    weightedBackwardAndApply: (mode: UpdateMode, heads: 'raw' | 'weighted') =>
      once(`weighted ${mode} ${heads}`, () => weightedBackwardAndApply(mode, heads)),
    combine: (of: GradientsOf, heads: 'raw' | 'weighted') => once(`combine ${of} ${heads}`, () => combine(of, heads)),
    apply: (mode: UpdateMode) => once(`apply ${mode}`, () => apply(mode)),
    combineAndApply: (mode: UpdateMode, of: GradientsOf, heads: 'raw' | 'weighted') =>
      once(`combine-apply ${mode} ${of} ${heads}`, () => combineAndApply(mode, of, heads)),
    aggregateAndApply: (mode: UpdateMode, bound: BoundGradientBalancing) =>
      once(`aggregate ${mode}`, () => aggregateAndApply(mode, bound)),
    weightedStep: (mode: UpdateMode, bound: BoundLossWeighting, scale: 'paper' | 'tasks') =>
      once(`step ${mode} ${scale}`, () => weightedStep(mode, bound, scale)),
    predict: (withLosses: boolean) => once(`predict ${withLosses}`, () => predict(withLosses)),
  };
}

function memoized() {
  const made = new Map<string, Program>();
  return (key: string, make: () => Program): Program => {
    const known = made.get(key) ?? make();
    made.set(key, known);
    return known;
  };
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
