import { PolytaskError } from '../errors/polytask-error.js';
import { ShapeMismatchError } from '../errors/shape-mismatch-error.js';
import type { DeviceTensor } from '../spec/executor.js';
import type { BoundGradientBalancing, GradientBalancing } from '../spec/gradient-balancing.js';
import type { HostTensor } from '../spec/tensors.js';
import { prefixed } from './batch-feeds.js';
import { presentLosses, splitGramians } from './primitives.js';
import type { RunStep } from './run-step.js';
import type { Runtime } from './runtime.js';
import { solveLinear } from './solve-linear.js';

/** One step under a gradient balancing: gradients, then their combination and the update; two programs. */
export function gradientBalancingPlan(description: GradientBalancing, bound: BoundGradientBalancing): RunStep {
  if ((bound.weights === undefined) === (bound.aggregate === undefined)) {
    throw new PolytaskError(
      'POLYTASK_BALANCING_SHAPE',
      `Gradient balancing \`${description.name}\` must have exactly one of \`weights\` and \`aggregate\`, but has ` +
        `${bound.weights === undefined ? 'neither' : 'both'}.`,
    );
  }
  if (bound.weights !== undefined) return weightsStep(description, bound.weights.bind(bound));
  if ((description.gradientsOf ?? 'shared') !== 'shared' || description.headGradients === 'weighted') {
    throw new PolytaskError(
      'POLYTASK_BALANCING_SHAPE',
      `Gradient balancing \`${description.name}\` aggregates in tfjs, which works on all shared parameters with raw head gradients only.`,
    );
  }
  return aggregateStep(bound);
}

type Weights = NonNullable<BoundGradientBalancing['weights']>;

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
          ? { losses: 'read', gramians: 'read' }
          : { losses: 'read', gramians: 'read', shared: 'hold', own: 'hold', auxiliary: 'hold' },
      },
    );
    try {
      const losses = presentLosses(host.losses as HostTensor, active, model.objectives, info.step);
      const gramians = splitGramians(runtime, of, host.gramians as HostTensor);
      const perBlock = Object.entries(gramians).map(([block, gramian]) => {
        const compact = weights({
          gramian: compacted(gramian, active, model.objectives.length),
          tasks: active,
          losses: Float64Array.from(active, (k) => losses[k] as number),
          block,
          step: info,
        });
        checkWeights(description.name, compact, active.length, info.step);
        return spread(scaled(compact, description.scale ?? 'tasks'), active, model.objectives.length);
      });
      const flat = Float32Array.from(perBlock.flatMap((row) => [...row]));
      const k = model.objectives.length;
      if (inRepresentation) {
        await runtime.update((mode) => programs.weightedBackwardAndApply(mode, heads), info.step, active, {
          parameters: runtime.parameters,
          keepState: false,
          feeds: { ...feeds, weights: { data: flat, shape: [k] } },
          outputs: {},
          uniform,
        });
      } else {
        await runtime.update((mode) => programs.combineAndApply(mode, of, heads), info.step, active, {
          feeds: { ...device, weights: { data: flat, shape: [perBlock.length, k] } },
          outputs: {},
        });
      }
      return { losses, weights: mean(perBlock), gramian: sum(Object.values(gramians)) };
    } finally {
      for (const handle of Object.values(device)) session.release(handle);
    }
  };
}

function aggregateStep(bound: BoundGradientBalancing): RunStep {
  return async (runtime, info, batch) => {
    const { model, session, programs } = runtime;
    const active = runtime.active(batch);
    const sizes = { tasks: model.objectives.length, columns: model.layout.sharedSize };
    const state = carriedState(runtime, bound, sizes);
    const feeds = await runtime.feeds(batch, info);
    const { host, device } = await session.run(programs.jacobian(), {
      parameters: runtime.parameters,
      feeds,
      outputs: { losses: 'read', shared: 'hold', own: 'hold', auxiliary: 'hold' },
      uniform: runtime.uniform(info.step, 0),
    });
    try {
      const losses = host.losses as HostTensor;
      const checked = presentLosses(losses, active, model.objectives, info.step);
      const found = await runtime.update((mode) => programs.aggregateAndApply(mode, bound), info.step, active, {
        feeds: {
          ...device,
          losses,
          active: feeds.active as HostTensor,
          ...prefixed('balancing', bound.feeds?.(info, sizes) ?? {}),
          ...prefixed('state', state),
        },
        outputs: { gramian: 'read', products: 'read', ...prefixed('state', state) },
      });
      const gramian = Float64Array.from((found.gramian as HostTensor).data);
      // The weights that a direction d amounts to: the least-squares solution of Jᵀw = d, which is G w = J d.
      const compact = solveLinear(
        compacted(gramian, active, sizes.tasks),
        Float64Array.from(active, (k) => (found.products as HostTensor).data[k] as number),
      );
      return { losses: checked, weights: spread(compact, active, sizes.tasks), gramian };
    } finally {
      for (const handle of Object.values(device)) session.release(handle);
    }
  };
}

/** The strategy's device state, zeros before the first step. */
function carriedState(
  runtime: Runtime,
  bound: BoundGradientBalancing,
  sizes: { tasks: number; columns: number },
): Record<string, DeviceTensor> {
  const state: Record<string, DeviceTensor> = {};
  for (const [name, shape] of Object.entries(bound.state?.(sizes) ?? {})) {
    const key = `balancing/${name}`;
    const known = runtime.stored.get(key);
    if (known === undefined) {
      const size = shape.reduce((product, length) => product * length, 1);
      state[name] = runtime.session.upload({ data: new Float32Array(size), shape });
      runtime.stored.set(key, state[name]);
    } else state[name] = known;
  }
  return state;
}

function checkWeights(name: string, weights: Float64Array, count: number, step: number): void {
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

/** The rows and columns of the objectives present. */
function compacted(gramian: Float64Array, active: readonly number[], k: number): Float64Array {
  if (active.length === k) return gramian;
  return Float64Array.from(active.flatMap((row) => active.map((column) => gramian[row * k + column] as number)));
}

/** One weight per objective, 0 for those that are not present. */
function spread(weights: Float64Array, active: readonly number[], k: number): Float64Array {
  const all = new Float64Array(k);
  active.forEach((objective, i) => {
    all[objective] = weights[i] as number;
  });
  return all;
}

function scaled(weights: Float64Array, scale: 'paper' | 'tasks'): Float64Array {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  // Weights that do not sum to something positive have no scale to speak of.
  return scale === 'paper' || total <= 1e-12 ? weights : weights.map((weight) => (weight * weights.length) / total);
}

function mean(rows: readonly Float64Array[]): Float64Array {
  return sum(rows).map((total) => total / rows.length);
}

function sum(rows: readonly Float64Array[]): Float64Array {
  const total = new Float64Array(rows[0]?.length ?? 0);
  for (const row of rows) for (let i = 0; i < row.length; i++) total[i] = (total[i] as number) + (row[i] as number);
  return total;
}
