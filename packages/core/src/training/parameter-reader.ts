import type { DeviceTensor, ExecutorSession, ParameterSet } from '../contracts/executor.js';
import type { ParameterLayout, ParameterReader } from '../contracts/parameters.js';
import type { HostTensor } from '../contracts/tensors.js';
import { UnknownNameError } from '../errors/unknown-name-error.js';

/** Reads variables as they are at each read. */
export function parameterReader(
  layout: ParameterLayout,
  session: ExecutorSession,
  { values, state }: ParameterSet,
): ParameterReader {
  return readerOf(layout, values, state, (handle) => session.download(handle));
}

/** Reads variables as they are at the first read: however many are read, each vector comes to the host once. */
export function momentaryReader(
  layout: ParameterLayout,
  session: ExecutorSession,
  { values, state }: ParameterSet,
): ParameterReader {
  const downloads = new Map<DeviceTensor, Promise<HostTensor>>();
  return readerOf(layout, values, state, (handle) => {
    const download = downloads.get(handle) ?? session.download(handle);
    downloads.set(handle, download);
    return download;
  });
}

function readerOf(
  layout: ParameterLayout,
  values: DeviceTensor,
  state: DeviceTensor,
  download: (handle: DeviceTensor) => Promise<HostTensor>,
): ParameterReader {
  const { segments, stateSegments } = layout;
  return {
    layout,
    async read(path) {
      for (const [within, handle] of [[segments, values] as const, [stateSegments, state] as const]) {
        const segment = within.find((one) => one.path === path);
        if (segment === undefined) continue;
        const { data } = await download(handle);
        return { data: data.slice(segment.offset, segment.offset + segment.size), shape: segment.shape };
      }
      const known = [...segments, ...stateSegments].map((segment) => segment.path);
      throw new UnknownNameError('parameter', path, known);
    },
  };
}
