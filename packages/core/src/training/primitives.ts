import { NonFiniteError } from '../errors/non-finite-error.js';
import { PolytaskError } from '../errors/polytask-error.js';
import { ShapeMismatchError } from '../errors/shape-mismatch-error.js';
import type { Batch } from '../spec/batch.js';
import type { DeviceTensor, ParameterSet } from '../spec/executor.js';
import type { GradientsOf } from '../spec/gradient-balancing.js';
import type { StepInfo } from '../spec/loss-weighting.js';
import type { At, JacobianHandle, StepPrimitives } from '../spec/step-plan.js';
import type { HostTensor } from '../spec/tensors.js';
import { gradientBlocks } from './gradient-blocks.js';
import type { Runtime } from './runtime.js';

/** Where a step's further batches come from. */
export interface BatchSources {
  another(): Promise<Batch>;
  validation(): Promise<Batch>;
}

/** The primitives of one step. `end` releases all that was made and not stored. */
export interface PrimitiveScope {
  readonly primitives: StepPrimitives;
  end(): void;
}

/** Opens the primitives of one step on a batch. */
export function openPrimitives(runtime: Runtime, info: StepInfo, batch: Batch, sources: BatchSources): PrimitiveScope {
  const { model, session, programs, parameters } = runtime;
  const made = new Set<DeviceTensor>();
  // Random numbers differ between the batches of a step and agree between passes over the same batch.
  const draws = new Map<Batch, number>([[batch, 0]]);
  let statisticsMoved = false;

  const hold = <Handle extends DeviceTensor>(handle: Handle): Handle => {
    made.add(handle);
    return handle;
  };
  const held = (device: { readonly [name: string]: DeviceTensor }, name: string) => hold(device[name] as DeviceTensor);
  const further = (one: Batch): Batch => {
    if (!draws.has(one)) draws.set(one, draws.size);
    return one;
  };

  const present = (losses: HostTensor, active: readonly number[]) =>
    presentLosses(losses, active, model.objectives, info.step);

  /** Where to run: the first training pass over the step's own batch and parameters moves BatchNorm's statistics, no other. */
  async function place(at: At = {}, moves = true) {
    const where = at.batch ?? batch;
    const keepState = moves && !statisticsMoved && where === batch && (at.parameters ?? parameters) === parameters;
    if (keepState) statisticsMoved = true;
    return {
      parameters: at.parameters ?? parameters,
      keepState,
      feeds: await runtime.feeds(where, info),
      uniform: runtime.uniform(info.step, draws.get(further(where)) as number),
      active: runtime.active(where),
    };
  }

  const vector = (values: ArrayLike<number> | undefined, what: string): HostTensor => {
    const k = model.objectives.length;
    const data = values === undefined ? new Float32Array(k).fill(1) : Float32Array.from(values);
    if (data.length !== k)
      throw new ShapeMismatchError(what, [k], [data.length], 'Give one number per task, in task order.');
    return { data, shape: [k] };
  };

  const primitives: StepPrimitives = {
    info,
    layout: model.layout,
    objectives: model.objectives,
    parameters,
    batch,
    anotherBatch: async () => further(await sources.another()),
    validationBatch: async () => further(await sources.validation()),
    async losses(at) {
      const { active, ...call } = await place(at, false);
      const { host } = await session.run(programs.losses, { ...call, outputs: { losses: 'read' } });
      return present(host.losses as HostTensor, active);
    },
    async gradient({ weights, auxiliary = true, ...at } = {}) {
      const { active, ...call } = await place(at);
      const { host, device } = await session.run(programs.gradient(auxiliary), {
        ...call,
        feeds: { ...call.feeds, weights: vector(weights, '`weights` of a gradient') },
        outputs: { gradient: 'hold', losses: 'read' },
      });
      return { gradient: held(device, 'gradient'), losses: present(host.losses as HostTensor, active) };
    },
    async jacobian(at) {
      const { active, ...call } = await place(at);
      const { host, device } = await session.run(programs.jacobian(), {
        ...call,
        outputs: { shared: 'hold', own: 'hold', auxiliary: 'hold', losses: 'read' },
      });
      return {
        shared: held(device, 'shared'),
        own: held(device, 'own'),
        auxiliary: held(device, 'auxiliary'),
        losses: present(host.losses as HostTensor, active),
        active,
      };
    },
    async gramian(a, b = a) {
      const { host } = await session.run(programs.gramian, {
        feeds: { a: a.shared, b: b.shared },
        outputs: { gramian: 'read' },
      });
      return Float64Array.from((host.gramian as HostTensor).data);
    },
    async gramianOf(of: GradientsOf, at) {
      const { active, ...call } = await place(at);
      const program = of === 'representation' ? programs.representationGramian : programs.jacobian(of);
      const { host } = await session.run(program, { ...call, outputs: { gramians: 'read', losses: 'read' } });
      return {
        gramians: splitGramians(runtime, of, host.gramians as HostTensor),
        losses: present(host.losses as HostTensor, active),
      };
    },
    async combine(jacobian: JacobianHandle, weights, headGradients = 'raw') {
      const { data } = vector(weights, '`weights` of a combination');
      const { device } = await session.run(programs.combine('shared', headGradients), {
        feeds: {
          shared: jacobian.shared,
          own: jacobian.own,
          auxiliary: jacobian.auxiliary,
          weights: { data, shape: [1, data.length] },
        },
        outputs: { gradient: 'hold' },
      });
      return held(device, 'gradient');
    },
    async apply(gradient, options = {}) {
      const active = options.active ?? runtime.active(batch);
      await runtime.update(programs.apply, info.step, active, { feeds: { gradient }, outputs: {} });
    },
    async clone(source: ParameterSet) {
      const copy = async (value: DeviceTensor) =>
        held((await session.run(programs.copy, { feeds: { value }, outputs: { copy: 'hold' } })).device, 'copy');
      return { values: await copy(source.values), state: await copy(source.state) };
    },
    async axpy(target, alpha, gradient) {
      if (target === parameters) {
        throw new PolytaskError(
          'POLYTASK_AXPY_ON_MODEL',
          "`axpy` works on scratch copies; the model's own parameters move by `apply` alone. Call `clone` first.",
        );
      }
      await session.run(programs.axpy, {
        feeds: { values: target.values, alpha: { data: Float32Array.of(alpha), shape: [] }, gradient },
        outputs: { values: target.values },
      });
    },
    async norm(gradient) {
      const { host } = await session.run(programs.norm, { feeds: { value: gradient }, outputs: { norm: 'read' } });
      return (host.norm as HostTensor).data[0] as number;
    },
    stored: (name) => runtime.stored.get(name),
    store(name, tensor) {
      const before = runtime.stored.get(name);
      if (before !== undefined && before !== tensor) session.release(before);
      made.delete(tensor);
      runtime.stored.set(name, tensor);
    },
  };
  return {
    primitives,
    end() {
      for (const handle of made) session.release(handle);
      made.clear();
    },
  };
}

/** Losses in float64, checked; NaN for objectives that are not present. */
export function presentLosses(
  losses: HostTensor,
  active: readonly number[],
  objectives: readonly string[],
  step: number,
): Float64Array {
  const found = new Float64Array(losses.data.length).fill(Number.NaN);
  for (const k of active) {
    const loss = losses.data[k] as number;
    if (!Number.isFinite(loss)) throw new NonFiniteError('The loss', loss, objectives[k], step);
    found[k] = loss;
  }
  return found;
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
