import { compact, compactMatrix, spread } from '../balancing-kit/present-tasks.js';
import { scaleWeights } from '../balancing-kit/weight-scale.js';
import type { BoundGradientBalancing, GradientBalancing } from '../contracts/gradient-balancing.js';
import { type HostTensor, hostTensor } from '../contracts/tensors.js';
import { PolytaskError } from '../errors/polytask-error.js';
import { ShapeMismatchError } from '../errors/shape-mismatch-error.js';
import { checkGramian, presentLosses, splitGramians } from '../training/primitives.js';
import type { RunStep } from '../training/step-outcome.js';
import { aggregationPlan } from './aggregation-plan.js';
import { gradientBlocks } from './gradient-blocks.js';
import { holdWeights } from './hold-weights.js';

/** One step under a gradient balancing: gradients, then their combination and the update. */
export function gradientBalancingPlan(description: GradientBalancing, bound: BoundGradientBalancing): RunStep {
  if ((bound.weights === undefined) === (bound.aggregate === undefined)) {
    throw new PolytaskError(
      'POLYTASK_BALANCING_SHAPE',
      `Gradient balancing \`${description.name}\` must have exactly one of \`weights\` and \`aggregate\`, but has ` +
        `${bound.weights === undefined ? 'neither' : 'both'}.`,
    );
  }
  const { updateEvery = 1, gradientsOf } = description;
  if (updateEvery > 1 && (bound.weights === undefined || gradientsOf === 'layers')) {
    throw new PolytaskError(
      'POLYTASK_BALANCING_SHAPE',
      `Gradient balancing \`${description.name}\` has no one set of weights that could hold for ${updateEvery} steps: that needs \`weights\`, ` +
        "and not `gradientsOf: 'layers'`. Leave `updateEvery` at 1.",
    );
  }
  if (bound.weights === undefined) return aggregationPlan(description, bound);
  const step = weightsStep(description, bound.weights.bind(bound));
  return updateEvery === 1 ? step : holdWeights(step, description);
}

type Weights = NonNullable<BoundGradientBalancing['weights']>;

/** What a method made of one block of gradients. */
interface BlockWeights {
  /** Indices of the objectives that it compared. */
  readonly tasks: readonly number[];
  /** `[K]`, 0 for all others. */
  readonly weights: Float64Array;
}

function weightsStep(description: GradientBalancing, weights: Weights): RunStep {
  const of = description.gradientsOf ?? 'shared';
  const heads = description.headGradients ?? 'raw';
  return async (runtime, info, batch) => {
    const { model, session, programs } = runtime;
    const active = runtime.active(batch);
    const feeds = await runtime.feeds(batch, info);
    const uniform = runtime.uniform(info.step, 0);
    const inRepresentation = of === 'representation';
    const { host, device } = await session.run(
      inRepresentation ? programs.representationGramian : programs.jacobian(of),
      {
        parameters: runtime.parameters,
        feeds,
        uniform,
        outputs: inRepresentation
          ? { losses: 'read', gramians: 'read', ...runtime.termsOutput }
          : {
              losses: 'read',
              gramians: 'read',
              ...runtime.termsOutput,
              shared: 'hold',
              own: 'hold',
              auxiliary: 'hold',
            },
      },
    );
    try {
      const losses = presentLosses(host.losses as HostTensor, active, model, info.step);
      const gramians = splitGramians(runtime, of, host.gramians as HostTensor);
      const k = model.objectives.length;
      const perBlock = gradientBlocks(model.layout, of).map(({ name, usedBy }): BlockWeights => {
        const gramian = gramians[name] as Float64Array;
        checkGramian(gramian, active, model.objectives, info.step);
        // A task without a gradient here would have nothing to lose, and all weight under some methods.
        const tasks = active.filter((i) => i >= model.tasks.length || usedBy.includes(model.objectives[i] as string));
        if (tasks.length === 0) return { tasks, weights: new Float64Array(k) };
        const found = Float64Array.from(
          weights({
            gramian: compactMatrix(gramian, tasks, k),
            tasks,
            losses: compact(losses, tasks),
            block: name,
            step: info,
          }),
        );
        checkWeights(description.name, found, tasks.length, info.step);
        return { tasks, weights: spread(scaleWeights(found, description.scale), tasks, k) };
      });
      const effective = effectiveWeights(perBlock, active, k);
      // Weights of a single block hold for all that is shared.
      const rows = of === 'layers' ? perBlock.map((block) => block.weights) : [effective];
      const fed = { data: Float32Array.from(rows.flatMap((row) => [...row])), shape: [rows.length, k] };
      if (inRepresentation) {
        await runtime.update((mode) => programs.gradientAndApply(mode, heads), info.step, active, {
          parameters: runtime.parameters,
          keepState: false,
          feeds: { ...feeds, weights: hostTensor(effective) },
          outputs: {},
          uniform,
        });
      } else {
        await runtime.update((mode) => programs.combineAndApply(mode, of, heads), info.step, active, {
          feeds: { ...device, weights: fed, ...(heads === 'weighted' && { 'head-weights': hostTensor(effective) }) },
          outputs: {},
        });
      }
      const gramian = sum(Object.values(gramians));
      return { losses, weights: effective, gramian, ...runtime.terms(host) };
    } finally {
      for (const handle of Object.values(device)) session.release(handle);
    }
  };
}

/** Refuses weights that are too few or not finite. */
export function checkWeights(name: string, weights: Float64Array, count: number, step: number): void {
  if (weights.length !== count) {
    throw new ShapeMismatchError(
      `What \`weights\` of \`${name}\` returns`,
      [count],
      [weights.length],
      'Give one weight per task present.',
    );
  }
  const bad = weights.findIndex((weight) => !Number.isFinite(weight));
  if (bad >= 0) {
    throw new PolytaskError(
      'POLYTASK_NON_FINITE_WEIGHT',
      `Gradient balancing \`${name}\` gave weight ${weights[bad]} at step ${step}; weights must be finite. Its solver failed on this Gramian.`,
    );
  }
}

/** Every objective's mean weight over the blocks that it uses; 1 where it uses none, 0 where it is absent. */
function effectiveWeights(blocks: readonly BlockWeights[], active: readonly number[], k: number): Float64Array {
  const total = sum(blocks.map(({ weights }) => weights));
  return Float64Array.from({ length: k }, (_, i) => {
    const count = blocks.filter(({ tasks }) => tasks.includes(i)).length;
    return count > 0 ? (total[i] as number) / count : active.includes(i) ? 1 : 0;
  });
}

function sum(rows: readonly Float64Array[]): Float64Array {
  const total = new Float64Array(rows[0]?.length ?? 0);
  for (const row of rows) for (let i = 0; i < row.length; i++) total[i] = (total[i] as number) + (row[i] as number);
  return total;
}
