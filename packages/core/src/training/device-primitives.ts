import type { DeviceTensor, ParameterSet } from '../contracts/executor.js';
import type { StepInfo } from '../contracts/loss-weighting.js';
import type { StepPrimitives } from '../contracts/step-plan.js';
import { type HostTensor, hostTensor } from '../contracts/tensors.js';
import { PolytaskError } from '../errors/polytask-error.js';
import type { Runtime } from './runtime.js';

/** Those primitives that work on what lives with the executor, whatever it is. */
export type DevicePrimitives = Pick<
  StepPrimitives,
  'gramian' | 'read' | 'release' | 'clone' | 'axpy' | 'dot' | 'run' | 'stored' | 'store'
>;

/**
 * The primitives of one step that look at no batch.
 *
 * @param made - Handles to be released when the step ends.
 * @param probe - Name of the part that only looks; undefined for the plan.
 */
export function devicePrimitives(
  runtime: Runtime,
  info: StepInfo,
  made: Set<DeviceTensor>,
  probe: string | undefined,
): DevicePrimitives {
  const { session, programs, parameters } = runtime;
  const keyOf = (name: string) => (probe === undefined ? name : `${probe}/${name}`);
  return {
    async gramian(a, b = a) {
      const feeds = { a: a.shared, b: b.shared };
      const { host } = await session.run(programs.gramian, { feeds, outputs: { gramian: 'read' } });
      return Float64Array.from((host.gramian as HostTensor).data);
    },
    read: (tensor) => session.download(tensor),
    release(tensor) {
      if (made.delete(tensor)) session.release(tensor);
    },
    async clone(source: ParameterSet) {
      const copy = async (value: DeviceTensor) => {
        const { device } = await session.run(programs.copy, { feeds: { value }, outputs: { copy: 'hold' } });
        const handle = device.copy as DeviceTensor;
        made.add(handle);
        return handle;
      };
      return { values: await copy(source.values), state: await copy(source.state) };
    },
    async axpy(target, alpha, gradient) {
      const values = 'values' in target ? target.values : target;
      if (values === parameters.values) {
        throw new PolytaskError(
          'POLYTASK_AXPY_ON_MODEL',
          "`axpy` works on scratch copies; the model's own parameters move by `apply` alone. Call `clone` first.",
        );
      }
      const feeds = { target: values, alpha: hostTensor(alpha), gradient };
      await session.run(programs.axpy, { feeds, outputs: { target: values } });
    },
    async dot(a, b = a) {
      const { host } = await session.run(programs.dot, { feeds: { a, b }, outputs: { dot: 'read' } });
      return (host.dot as HostTensor).data[0] as number;
    },
    async run(program, call) {
      const overwritten = Object.values(call.outputs).filter((target) => typeof target !== 'string');
      if (overwritten.length > 0) runtime.touched += 1;
      if (
        probe !== undefined &&
        overwritten.some((target) => target === parameters.values || target === parameters.state)
      ) {
        refuseMove(probe, `program \`${program.name}\` was to write over them`);
      }
      const result = await session.run(program, {
        ...call,
        parameters: call.parameters ?? parameters,
        keepState: false,
        uniform: runtime.uniform(info.step, 0),
      });
      for (const handle of Object.values(result.device)) made.add(handle);
      return result as never;
    },
    stored: (name) => runtime.stored.get(keyOf(name)),
    store(name, tensor) {
      const before = runtime.stored.get(keyOf(name));
      if (before !== undefined && before !== tensor) session.release(before);
      made.delete(tensor);
      runtime.touched += 1;
      runtime.stored.set(keyOf(name), tensor);
    },
  };
}

/** Refuses a part that only looks to move the model. */
export function refuseMove(probe: string, what: string): never {
  throw new PolytaskError(
    'POLYTASK_PROBE_MOVES',
    `\`${probe}\` may look at the model but not move it: ${what}. Work on a scratch copy, \`await clone(parameters)\`.`,
  );
}
