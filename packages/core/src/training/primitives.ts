import type { Batch } from '../contracts/batch.js';
import type { DeviceTensor, Program, ProgramCall, ProgramResult } from '../contracts/executor.js';
import type { GradientsOf } from '../contracts/gradient-balancing.js';
import { ofCore } from '../contracts/guard-part.js';
import type { StepInfo } from '../contracts/loss-weighting.js';
import type { At, ForwardOutput, PreparePrimitives, ProbePrimitives, StepPrimitives } from '../contracts/step-plan.js';
import { type HostTensor, hostTensor } from '../contracts/tensors.js';
import { NonFiniteError } from '../errors/non-finite-error.js';
import { PolytaskError } from '../errors/polytask-error.js';
import { ShapeMismatchError } from '../errors/shape-mismatch-error.js';
import type { Model } from '../model/multi-task-model.js';
import { gradientBlocks } from '../plans/gradient-blocks.js';
import { requireLosses } from '../plans/require-losses.js';
import { prefixed } from './batch-feeds.js';
import { addTo, overParts, refuseParts } from './batch-parts.js';
import { devicePrimitives, refuseMove } from './device-primitives.js';
import { requireOutputs } from './forward-outputs.js';
import { activeVector } from './objective-vectors.js';
import type { BatchSources, Runtime, StepNumbers } from './runtime.js';

/** The primitives of one step. */
export interface PrimitiveScope {
  readonly primitives: StepPrimitives;
  /** The auxiliary terms and logged numbers in the first pass over the step's batch. */
  terms(): StepNumbers;
  /** Releases all that was made and not stored. */
  end(): void;
}

/** A run of a training program; without `training` it is of the model as it predicts, and gives no terms. */
type TrainingCall = Pick<ProgramCall, 'feeds' | 'outputs'> & { readonly training?: boolean };

/** Opens primitives for a part that only looks: nothing of the model moves, and what it stores and draws is its own. */
export function openProbe(
  runtime: Runtime,
  info: StepInfo,
  batch: Batch,
  place: string,
): PrimitiveScope & { readonly primitives: ProbePrimitives } {
  const sources = (): BatchSources => {
    if (runtime.further !== undefined) return runtime.further(place);
    throw new PolytaskError('POLYTASK_NO_MODEL', 'Further batches are there within `fit` only.');
  };
  const lazy = { another: async () => sources().another(), validation: async () => sources().validation() };
  return openPrimitives(runtime, info, batch, lazy, place) as PrimitiveScope & { primitives: ProbePrimitives };
}

/** Opens them for what an auxiliary objective does before the programs of the step: without training programs, which would wait for it. */
export function openPreparation(
  runtime: Runtime,
  info: StepInfo,
  batch: Batch,
  place: string,
): Pick<PrimitiveScope, 'end'> & { readonly primitives: PreparePrimitives } {
  const { primitives, end } = openProbe(runtime, info, batch, place);
  const refuse = (name: string) => async () => {
    throw new PolytaskError(
      'POLYTASK_PREPARE_TRAINS',
      `\`prepare\` and \`batchFeeds\` of an auxiliary objective make numbers for the step's training programs, so they cannot run ` +
        `one, but \`${place}\` called \`${name}\`. Take \`forward\`, which gives losses of single rows and predictions; gradients ` +
        'are for observers and step plans.',
    );
  };
  const refused = Object.fromEntries(training.map((name) => [name, refuse(name)]));
  return { primitives: ofCore({ ...primitives, ...refused } as PreparePrimitives), end };
}

const training = ['losses', 'gradient', 'jacobian', 'gramian', 'gramianOf', 'combine'] as const;

/**
 * Opens the primitives of one step on a batch.
 *
 * @param probe - Name of the part that only looks; undefined for the plan.
 */
export function openPrimitives(
  runtime: Runtime,
  info: StepInfo,
  batch: Batch,
  sources: BatchSources,
  probe?: string,
): PrimitiveScope {
  const { model, session, programs, parameters } = runtime;
  const { objectives } = model;
  const made = new Set<DeviceTensor>();
  // Random numbers differ between the batches of a step and agree between passes over the same batch.
  const draws = new Map<Batch, number>([[batch, 0]]);
  let statisticsMoved = false;
  let terms: StepNumbers | undefined;

  const held = (device: ProgramResult['device'], name: string): DeviceTensor => {
    const handle = device[name] as DeviceTensor;
    made.add(handle);
    return handle;
  };
  const further = (one: Batch): Batch => {
    if (!draws.has(one)) draws.set(one, draws.size);
    return one;
  };
  const isOwn = (at: At) => (at.batch ?? batch) === batch && (at.parameters ?? parameters) === parameters;

  /** Runs a training program. The first one over the step's own batch and parameters moves BatchNorm's statistics, no other. */
  async function train(program: Program, at: At, moves: boolean, { training = true, ...call }: TrainingCall) {
    const where = at.batch ?? batch;
    const keepState = moves && probe === undefined && !statisticsMoved && isOwn(at);
    if (keepState) statisticsMoved = true;
    const draw = draws.get(further(where)) as number;
    const { host, device } = await overParts(runtime, where, async (part, index) =>
      session.run(program, {
        parameters: at.parameters ?? parameters,
        keepState,
        feeds: { ...(await runtime.feeds(part, info)), ...call.feeds },
        outputs: { ...call.outputs, losses: 'read', ...(training && runtime.termsOutput) },
        uniform: runtime.uniform(info.step, draw, index),
      }),
    );
    if (training && isOwn(at)) terms ??= runtime.terms(host, info.step);
    const active = runtime.active(where);
    // What the balancing cannot do with is no matter to a part that only looks.
    const of = probe === undefined ? model : { objectives };
    return { host, device, active, losses: presentLosses(host.losses as HostTensor, active, of, info.step) };
  }

  const vector = (values: ArrayLike<number> | undefined, what: string): HostTensor => {
    if (values === undefined) return hostTensor(new Float32Array(objectives.length).fill(1));
    if (values.length === objectives.length) return hostTensor(values);
    const advice = 'Give one number per task, in task order.';
    throw new ShapeMismatchError(what, [objectives.length], [values.length], advice);
  };

  const primitives: StepPrimitives = {
    ...devicePrimitives(runtime, info, made, probe),
    info,
    layout: model.layout,
    objectives,
    parameters,
    batch,
    active: (of = batch) => runtime.active(of),
    anotherBatch: async () => further(await sources.another()),
    validationBatch: async () => further(await sources.validation()),
    async forward(names: readonly ForwardOutput[], { training = false, ...at } = {}) {
      const where = at.batch ?? batch;
      refuseParts(where, 'it looks at single rows (`forward`)');
      requireOutputs(model, names);
      const { device } = await session.run(programs.forward(names, training), {
        parameters: at.parameters ?? parameters,
        keepState: false,
        feeds: runtime.modelFeeds(where, info),
        outputs: Object.fromEntries(names.map((name) => [name, 'hold' as const])),
        ...(training && { uniform: runtime.uniform(info.step, draws.get(further(where)) as number) }),
      });
      for (const handle of Object.values(device)) made.add(handle);
      return device as never;
    },
    async losses(at = {}) {
      const { losses } = await train(programs.losses, at, false, { feeds: {}, outputs: {} });
      return losses;
    },
    async gradient(options = {}) {
      const { weights, scalarize, feeds = {}, scale = 'paper', headGradients = 'weighted', auxiliary = true } = options;
      const { training = true } = options;
      if (scalarize === undefined) {
        const fed = vector(weights, '`weights` of a gradient');
        const program = programs.gradient(headGradients, auxiliary, training);
        const call = { feeds: { weights: fed }, outputs: { gradient: 'hold' }, training } as const;
        const { device, losses } = await train(program, options, training, call);
        const used = losses.map((loss, k) => (Number.isNaN(loss) ? 0 : (fed.data[k] as number)));
        return { gradient: held(device, 'gradient'), losses, weights: used };
      }
      const where = options.batch ?? batch;
      if (where.parts !== undefined) {
        const losses = await primitives.losses(options);
        const { host, device } = await session.run(programs.weighedLosses(scalarize, scale), {
          parameters: options.parameters ?? parameters,
          feeds: {
            ...prefixed('balancing', feeds),
            losses: hostTensor(losses.map((loss) => (Number.isNaN(loss) ? 0 : loss))),
            active: activeVector(runtime, where),
          },
          outputs: { weights: 'read', balancing: 'hold' },
        });
        const behind = held(device, 'balancing');
        const found = await primitives.gradient({
          ...options,
          scalarize: undefined,
          weights: finiteWeights(host.weights, model, info.step),
        });
        await addTo(session, programs, found.gradient, behind);
        return found;
      }
      const program = programs.scalarizedGradient(scalarize, scale, headGradients, auxiliary);
      const { host, device, losses } = await train(program, options, true, {
        feeds: prefixed('balancing', feeds),
        outputs: { gradient: 'hold', weights: 'read' },
      });
      return {
        gradient: held(device, 'gradient'),
        losses,
        weights: finiteWeights(host.weights, model, info.step),
      };
    },
    async jacobian(at = {}) {
      const outputs = { shared: 'hold', own: 'hold', auxiliary: 'hold' } as const;
      const { device, losses, active } = await train(programs.jacobian(), at, true, { feeds: {}, outputs });
      return {
        shared: held(device, 'shared'),
        own: held(device, 'own'),
        auxiliary: held(device, 'auxiliary'),
        losses,
        active,
      };
    },
    async gramianOf(of: GradientsOf, at = {}) {
      const split = (stacked: HostTensor | undefined) => splitGramians(runtime, of, stacked as HostTensor);
      // Rows of the representation are those of one part each, so that Gramians add up; those of parameters do not.
      if ((at.batch ?? batch).parts !== undefined && of !== 'representation') {
        const { shared, losses } = await primitives.jacobian(at);
        const { host } = await session.run(programs.gramians(of), { feeds: { shared }, outputs: { gramians: 'read' } });
        return { gramians: split(host.gramians), losses };
      }
      const program = of === 'representation' ? programs.representationGramian : programs.jacobian(of);
      const { host, losses } = await train(program, at, true, { feeds: {}, outputs: { gramians: 'read' } });
      return { gramians: split(host.gramians), losses };
    },
    async combine({ shared, own, auxiliary }, weights, headGradients = 'raw') {
      const { data } = vector(weights, '`weights` of a combination');
      const { device } = await session.run(programs.combine('shared', headGradients), {
        feeds: {
          ...{ shared, own, auxiliary, weights: { data, shape: [1, data.length] } },
          ...(headGradients === 'weighted' && { 'head-weights': hostTensor(data) }),
        },
        outputs: { gradient: 'hold' },
      });
      return held(device, 'gradient');
    },
    async apply(gradient, { active, moves, parameters: target = parameters } = {}) {
      const trial = target.values === parameters.values ? undefined : target;
      if (trial === undefined && probe !== undefined)
        refuseMove(probe, 'it called `apply` on the parameters of the model');
      const moving = active === undefined ? runtime.moving(batch, info) : { active, taught: undefined };
      await runtime.update(programs.apply, info.step, moving, { feeds: { gradient }, outputs: {} }, { trial, moves });
    },
  };
  return {
    primitives: ofCore(probe === undefined ? checkingGramians(primitives) : primitives),
    terms: () => terms ?? runtime.terms({}, info.step),
    end() {
      for (const handle of made) session.release(handle);
      made.clear();
    },
  };
}

/** Gramians of gradients that are not finite, or too long for float32, are refused before a plan works with them. */
function checkingGramians(primitives: StepPrimitives): StepPrimitives {
  const { objectives, info, active } = primitives;
  const check = (gramian: Float64Array, tasks: readonly number[]) =>
    checkGramian(gramian, tasks, objectives, info.step);
  return {
    ...primitives,
    async gramian(a, b = a) {
      const found = await primitives.gramian(a, b);
      check(
        found,
        a.active.filter((k) => b.active.includes(k)),
      );
      return found;
    },
    async gramianOf(of, at) {
      const found = await primitives.gramianOf(of, at);
      for (const gramian of Object.values(found.gramians)) check(gramian, active(at?.batch));
      return found;
    },
  };
}

/** Effective weights as a program gave them, checked. */
export function finiteWeights(
  weights: HostTensor | undefined,
  { objectives, balancing }: Pick<Model, 'objectives' | 'balancing'>,
  step: number,
): Float64Array {
  const found = Float64Array.from(weights?.data ?? []);
  const bad = found.findIndex((weight) => !Number.isFinite(weight));
  if (bad >= 0) {
    const { kind, name } = balancing.description;
    const advice = `The losses are finite: what the ${kind.replaceAll('-', ' ')} \`${name}\` makes of them is not. Look at its formula at these losses.`;
    throw new NonFiniteError('The weight', found[bad] as number, objectives[bad], step, advice);
  }
  return found;
}

/** Losses in float64, checked, also against what the balancing is defined for; NaN for objectives that are not present. */
export function presentLosses(
  losses: HostTensor,
  active: readonly number[],
  { objectives, balancing, tasks }: Pick<Model, 'objectives'> & Partial<Pick<Model, 'balancing' | 'tasks'>>,
  step: number,
): Float64Array {
  const found = new Float64Array(losses.data.length).fill(Number.NaN);
  for (const k of active) {
    const loss = losses.data[k] as number;
    if (!Number.isFinite(loss)) {
      const isTask = tasks === undefined || k < tasks.length;
      if (isTask) throw new NonFiniteError('The loss', loss, objectives[k], step);
      throw nonFiniteTerm(objectives[k] as string, loss, step);
    }
    found[k] = loss;
  }
  if (balancing !== undefined) requireLosses(balancing.description, found, objectives, step);
  return found;
}

/** The error for an auxiliary term, before its gradient is in all parameters and every task is blamed. */
export function nonFiniteTerm(name: string, value: number, step: number): NonFiniteError {
  const advice =
    'The tasks are not to blame: look at what this term is made of, such as a logarithm of 0 or a root at 0.';
  return new NonFiniteError(`The auxiliary term \`${name}\``, value, undefined, step, advice);
}

/** Refuses a Gramian of gradients that are not finite, or too long for float32. */
export function checkGramian(
  gramian: Float64Array,
  active: readonly number[],
  objectives: readonly string[],
  step: number,
): void {
  for (const k of active) {
    const square = gramian[k * objectives.length + k] as number;
    if (!Number.isFinite(square)) throw new NonFiniteError('The squared gradient norm', square, objectives[k], step);
  }
}

/** Stacked Gramians `[blocks, K, K]` by name of the block. */
export function splitGramians(runtime: Runtime, of: GradientsOf, stacked: HostTensor): Record<string, Float64Array> {
  const length = runtime.model.objectives.length ** 2;
  return Object.fromEntries(
    gradientBlocks(runtime.model.layout, of).map(({ name }, b) => [
      name,
      Float64Array.from(stacked.data.subarray(b * length, (b + 1) * length)),
    ]),
  );
}
