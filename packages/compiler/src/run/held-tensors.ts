import type { DeviceTensor } from '@polytask/core';
import { createGraph } from '../ir/create-graph.js';
import { type CompiledGraph, compileGraph, feedsOf } from './compile-graph.js';
import type { DeviceStore, HeldNumbers } from './device.js';
import type { HostArray } from './host-array.js';
import type { Runtime, RuntimeSession, RuntimeTensor } from './runtime/runtime.js';

/** Numbers of device tensors that are held by other numbers than their own. */
export interface HeldTensors {
  /** What a tensor's numbers are; not to be changed. */
  numbersOf(handle: DeviceTensor): Promise<HostArray>;
  /** From now on the tensor is held by its own numbers. */
  makePlain(handle: DeviceTensor): Promise<void>;
  dispose(): void;
}

/** Computes them by a graph for each form. */
export function createHeldTensors(store: DeviceStore, runtime: Runtime, threads: number): HeldTensors {
  const graphs = new Map<string, Promise<CompiledGraph>>();

  function graphOf({ form }: HeldNumbers): Promise<CompiledGraph> {
    const known = graphs.get(form.key);
    if (known !== undefined) return known;
    const graph = createGraph();
    const value = form.build(
      graph,
      form.leaves.map((leaf, i) => graph.input(`leaf/${i}`, leaf)),
    );
    const name = 'held tensor';
    const outputs = new Map([['value', value]]);
    const made = compileGraph({ name, graph, outputs, runtime, threads, sharedWith: new Map() });
    graphs.set(form.key, made);
    return made;
  }

  async function compute(held: HeldNumbers): Promise<HostArray> {
    const graph = await graphOf(held);
    const shortcut = graph.shortcuts.get('value');
    const leaf = (name: string) => held.leaves[Number(name.slice('leaf/'.length))] as HostArray;
    if (shortcut !== undefined) return ('data' in shortcut ? shortcut.data : leaf(shortcut.input)).slice() as HostArray;
    const session = graph.session as RuntimeSession;
    const found = await session.run(feedsOf(graph, leaf), { value: null });
    return (found.value as RuntimeTensor).data as HostArray;
  }

  return {
    async numbersOf(handle) {
      const { held, data } = store.inside(handle);
      return held === undefined ? data : compute(held);
    },
    async makePlain(handle) {
      const inside = store.inside(handle);
      if (inside.held === undefined) return;
      const data = await compute(inside.held);
      store.letGo(inside);
      inside.data = data;
    },
    dispose() {
      for (const made of graphs.values()) void made.then(({ session }) => session?.dispose());
    },
  };
}
