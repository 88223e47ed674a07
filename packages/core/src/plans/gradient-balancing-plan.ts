import { compact, compactMatrix, inNameOrder, spread } from '../balancing-kit/present-tasks.js';
import { scaleWeights } from '../balancing-kit/weight-scale.js';
import type { Batch } from '../contracts/batch.js';
import type { DeviceTensor, ProgramResult } from '../contracts/executor.js';
import type { BoundGradientBalancing, GradientBalancing } from '../contracts/gradient-balancing.js';
import { blaming } from '../contracts/guard-part.js';
import { type HostTensor, hostTensor } from '../contracts/tensors.js';
import { PolytaskError } from '../errors/polytask-error.js';
import { ShapeMismatchError } from '../errors/shape-mismatch-error.js';
import { overParts } from '../training/batch-parts.js';
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
    const error = new PolytaskError(
      'POLYTASK_BALANCING_SHAPE',
      `Gradient balancing \`${description.name}\` has no one set of weights that could hold for ${updateEvery} steps: that needs \`weights\`, ` +
        "and not `gradientsOf: 'layers'`. Leave `updateEvery` at 1.",
      { option: 'updateEvery' },
    );
    throw blaming(error, description);
  }
  if (bound.weights === undefined) return aggregationPlan(description, bound);
  const step = weightsStep(description, bound.weights.bind(bound));
  return updateEvery === 1 ? step : holdWeights(step, description);
}

/** What the Gramians of a J that has been added up are asked for with. */
const afterParts = ({ shared }: ProgramResult['device']) =>
  ({ feeds: { shared: shared as DeviceTensor }, outputs: { gramians: 'read' } }) as const;

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
    const moving = runtime.moving(batch, info);
    const inRepresentation = of === 'representation';
    const inParts = batch.parts !== undefined;
    // Gramians of parameters' gradients do not add up over parts, so they come after.
    const together = inRepresentation || !inParts;
    const first = inRepresentation ? programs.representationGramian : programs.jacobian(inParts ? undefined : of);
    const { host, device } = await overParts(runtime, batch, async (part, index) =>
      session.run(first, {
        parameters: runtime.parameters,
        feeds: await runtime.feeds(part, info),
        uniform: runtime.uniform(info.step, 0, index),
        outputs: {
          losses: 'read',
          ...(together && { gramians: 'read' }),
          ...runtime.termsOutput,
          ...(!inRepresentation && { shared: 'hold', own: 'hold', auxiliary: 'hold' }),
        },
      }),
    );
    try {
      const losses = presentLosses(host.losses as HostTensor, active, model, info.step);
      const after = together ? host : (await session.run(programs.gramians(of), afterParts(device))).host;
      const gramians = splitGramians(runtime, of, after.gramians as HostTensor);
      const k = model.objectives.length;
      const perBlock = gradientBlocks(model.layout, of).map(({ name, usedBy }): BlockWeights => {
        const gramian = gramians[name] as Float64Array;
        checkGramian(gramian, active, model.objectives, info.step);
        // A task without a gradient here would have nothing to lose, and all weight under some methods.
        const uses = active.filter((i) => i >= model.tasks.length || usedBy.includes(model.objectives[i] as string));
        const tasks = inNameOrder(uses, model.objectives);
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
        const weighted = async (part: Batch, index: number) => ({
          parameters: runtime.parameters,
          keepState: false,
          feeds: { ...(await runtime.feeds(part, info)), weights: hostTensor(effective) },
          uniform: runtime.uniform(info.step, 0, index),
        });
        if (inParts) {
          const { device: summed } = await overParts(runtime, batch, async (part, index) =>
            session.run(programs.gradient(heads, true), {
              ...(await weighted(part, index)),
              outputs: { gradient: 'hold' },
            }),
          );
          Object.assign(device, summed);
          await runtime.update(programs.apply, info.step, moving, { feeds: summed, outputs: {} });
        } else {
          const call = { ...(await weighted(batch, 0)), outputs: {} };
          await runtime.update((mode) => programs.gradientAndApply(mode, heads), info.step, moving, call);
        }
      } else {
        await runtime.update((mode) => programs.combineAndApply(mode, of, heads), info.step, moving, {
          feeds: { ...device, weights: fed, ...(heads === 'weighted' && { 'head-weights': hostTensor(effective) }) },
          outputs: {},
        });
      }
      const gramian = sum(Object.values(gramians));
      return { losses, weights: effective, gramian, ...runtime.terms(host, info.step) };
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
