import {
  type DeviceTensor,
  eager,
  type HostTensor,
  type ParameterLayout,
  type Program,
  type ProgramResult,
} from '@polytask/core';
import type { ExecutorSession, ProgramCall } from '@polytask/core/executors';
import type { DeviceStore } from './device.js';
import type { HostArray } from './host-array.js';

/** What a program gives when it runs eagerly; `state` is there where the call has parameters. */
export interface EagerResult {
  readonly outputs: { readonly [name: string]: HostTensor };
  readonly state: HostTensor | undefined;
}

/** Runs programs eagerly for a session whose numbers are arrays in memory. */
export interface EagerFallback {
  /** Computes all outputs, and leaves every tensor of the session as it was. */
  compute(program: Program, call: ProgramCall): Promise<EagerResult>;
  /** Runs a program as the session would. */
  run(program: Program, call: ProgramCall): Promise<ProgramResult>;
  dispose(): void;
}

/** Opens an eager session on first use. */
export function createEagerFallback(
  layout: ParameterLayout,
  store: DeviceStore,
  numbersOf: (handle: DeviceTensor) => Promise<HostArray>,
): EagerFallback {
  let opened: Promise<ExecutorSession> | undefined;
  const session = () => {
    opened ??= Promise.resolve(eager().open(layout));
    return opened;
  };

  async function compute(program: Program, call: ProgramCall): Promise<EagerResult> {
    const inner = await session();
    const uploaded: DeviceTensor[] = [];
    const upload = async (handle: DeviceTensor) => {
      const data = await numbersOf(handle);
      const tensor = inner.upload({ data: data.slice() as HostArray, shape: handle.shape });
      uploaded.push(tensor);
      return tensor;
    };
    try {
      const feeds: Record<string, HostTensor | DeviceTensor> = {};
      for (const [name, value] of Object.entries(call.feeds)) {
        feeds[name] = 'dtype' in value ? await upload(value) : value;
      }
      const parameters =
        call.parameters === undefined
          ? undefined
          : { values: await upload(call.parameters.values), state: await upload(call.parameters.state) };
      const outputs = Object.fromEntries(Object.keys(call.outputs).map((name) => [name, 'read' as const]));
      const { host } = await inner.run(program, {
        feeds,
        outputs,
        ...(parameters === undefined ? {} : { parameters }),
        ...(call.keepState === undefined ? {} : { keepState: call.keepState }),
        ...(call.uniform === undefined ? {} : { uniform: call.uniform }),
      });
      const state = parameters === undefined ? undefined : await inner.download(parameters.state);
      // A boolean is a whole number for the session.
      const named = Object.entries(host).map(([name, { data, shape }]) => {
        const plain =
          data instanceof Float32Array || data instanceof Int32Array ? data.slice() : Int32Array.from(data as never);
        return [name, { data: plain, shape }];
      });
      return { outputs: Object.fromEntries(named) as EagerResult['outputs'], state };
    } finally {
      for (const tensor of uploaded) inner.release(tensor);
    }
  }

  return {
    compute,
    async run(program, call) {
      const { outputs, state } = await compute(program, call);
      if (call.parameters !== undefined && state !== undefined)
        store.inside(call.parameters.state).data.set(state.data);
      const host: Record<string, HostTensor> = {};
      const device: Record<string, DeviceTensor> = {};
      for (const [name, target] of Object.entries(call.outputs)) {
        const value = outputs[name] as HostTensor;
        if (target === 'read') host[name] = value;
        else if (target === 'hold') device[name] = store.own(value.data, value.shape);
        else store.inside(target).data.set(value.data);
      }
      return { host, device };
    },
    dispose() {
      void opened?.then((inner) => inner.dispose());
    },
  };
}
