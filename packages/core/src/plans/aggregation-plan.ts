import { compact, compactMatrix, spread } from '../balancing-kit/present-tasks.js';
import type { Batch } from '../contracts/batch.js';
import type { DeviceTensor, ProgramCall } from '../contracts/executor.js';
import type { BoundGradientBalancing, GradientBalancing, JacobianSize } from '../contracts/gradient-balancing.js';
import { blaming } from '../contracts/guard-part.js';
import { type HostTensor, sizeOf } from '../contracts/tensors.js';
import { NonFiniteError } from '../errors/non-finite-error.js';
import { PolytaskError } from '../errors/polytask-error.js';
import type { UpdateMode } from '../programs/update.js';
import { prefixed } from '../training/batch-feeds.js';
import { overParts, refuseParts } from '../training/batch-parts.js';
import { activeVector } from '../training/objective-vectors.js';
import { checkGramian, presentLosses } from '../training/primitives.js';
import type { Runtime } from '../training/runtime.js';
import type { RunStep } from '../training/step-outcome.js';
import { solveLinear } from './solve-linear.js';

type Results = { readonly [output: string]: HostTensor };

/** One step under a gradient balancing that combines gradients in tfjs. */
export function aggregationPlan(description: GradientBalancing, bound: BoundGradientBalancing): RunStep {
  const { name, gradientsOf = 'shared', headGradients = 'raw' } = description;
  const inRepresentation = gradientsOf === 'representation';
  const refuse = (option: string, what: string) => {
    const message = `Gradient balancing \`${name}\` aggregates in tfjs, ${what}`;
    throw blaming(new PolytaskError('POLYTASK_BALANCING_SHAPE', message, { option }), description);
  };
  if (gradientsOf === 'last-shared-layer' || gradientsOf === 'layers') {
    refuse(
      'gradientsOf',
      `which works on the gradients of 'shared' or 'representation', not of '${gradientsOf}'. Use \`weights\`.`,
    );
  }
  if (headGradients === 'weighted')
    refuse('headGradients', 'which knows no weights for head gradients: leave `headGradients` at `raw`.');
  if (inRepresentation && bound.state !== undefined) {
    refuse('gradientsOf', 'which carries no `state` under `representation`: its size changes with the batch.');
  }
  return async (runtime, info, batch) => {
    const { model } = runtime;
    const { objectives, layout } = model;
    const active = runtime.active(batch);
    const moving = runtime.moving(batch, info);
    const state = carriedState(runtime, bound, { tasks: objectives.length, columns: layout.sharedSize });
    const own = { ...prefixed('balancing', bound.feeds?.(info) ?? {}), ...prefixed('state', state) };
    const outputs = { weights: 'read', gramian: 'read', products: 'read', ...prefixed('state', state) } as const;
    const callOn = async (part: Batch, index: number): Promise<ProgramCall> => ({
      parameters: runtime.parameters,
      feeds: await runtime.feeds(part, info),
      outputs: { losses: 'read', ...runtime.termsOutput },
      uniform: runtime.uniform(info.step, 0, index),
    });
    const outcome = (first: Results, found: Results) => {
      const gramian = Float64Array.from((found.gramian as HostTensor).data);
      const losses = presentLosses(first.losses as HostTensor, active, model, info.step);
      checkGramian(gramian, active, objectives, info.step);
      checkDirection(found, name, info.step);
      return {
        losses,
        weights: weightsOf(found, active, objectives.length),
        gramian,
        ...runtime.terms(first, info.step),
      };
    };

    if (inRepresentation) {
      refuseParts(batch, `\`${name}\` aggregates gradients of the representation`);
      const call = await callOn(batch, 0);
      const program = (mode: UpdateMode) => runtime.programs.aggregateRepresentationAndApply(mode, bound);
      const host = await runtime.update(program, info.step, moving, {
        ...call,
        feeds: { ...call.feeds, ...own },
        outputs: { ...call.outputs, ...outputs },
      });
      return outcome(host, host);
    }
    const { host, device } = await overParts(runtime, batch, async (part, index) => {
      const call = await callOn(part, index);
      const held = { shared: 'hold', own: 'hold', auxiliary: 'hold' } as const;
      return runtime.session.run(runtime.programs.jacobian(), { ...call, outputs: { ...call.outputs, ...held } });
    });
    try {
      // Before the update, which would carry what is not finite into the parameters.
      const losses = host.losses as HostTensor;
      presentLosses(losses, active, model, info.step);
      const program = (mode: UpdateMode) => runtime.programs.aggregateAndApply(mode, bound);
      const found = await runtime.update(program, info.step, moving, {
        feeds: { ...device, losses, active: activeVector(runtime, batch), ...own },
        outputs,
        uniform: runtime.uniform(info.step, 0),
      });
      return outcome(host, found);
    } finally {
      for (const handle of Object.values(device)) runtime.session.release(handle);
    }
  };
}

/** Refuses a direction that is not finite where gradients are, before anything else is blamed. */
function checkDirection({ products }: Results, name: string, step: number): void {
  const bad = (products as HostTensor).data.find((product) => !Number.isFinite(product));
  if (bad === undefined) return;
  const advice = `The losses and gradients are finite: what \`${name}\` makes of them is not. Look at its formula at these losses.`;
  throw new NonFiniteError('The inner product of a gradient and the direction', bad, undefined, step, advice);
}

/**
 * The weights that the aggregation says it used; else those that its direction d amounts to: the least-squares solution of
 * Jᵀw = d, which is G w = J d.
 */
function weightsOf({ weights, gramian, products }: Results, active: readonly number[], k: number): Float64Array {
  const told = Float64Array.from((weights as HostTensor).data);
  if (!told.some(Number.isNaN)) return told;
  const right = compact((products as HostTensor).data, active);
  const left = compactMatrix(Float64Array.from((gramian as HostTensor).data), active, k);
  return spread(solveLinear(left, right), active, k);
}

/** The strategy's device state, made before the first step. */
function carriedState(
  { session, stored }: Runtime,
  bound: BoundGradientBalancing,
  size: JacobianSize,
): Record<string, DeviceTensor> {
  const state: Record<string, DeviceTensor> = {};
  for (const [name, start] of Object.entries(bound.state?.(size) ?? {})) {
    const key = `balancing/${name}`;
    const tensor = stored.get(key) ?? session.upload('data' in start ? start : zeros(start));
    stored.set(key, tensor);
    state[name] = tensor;
  }
  return state;
}

function zeros(shape: readonly number[]): HostTensor {
  return { data: new Float32Array(sizeOf(shape)), shape };
}
