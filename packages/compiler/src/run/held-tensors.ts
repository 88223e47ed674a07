import type { DeviceTensor } from '@polytask/core';
import { createGraph } from '../ir/create-graph.js';
import { sizeOf } from '../ir/value.js';
import { type CompiledGraph, compileGraph } from './compile-graph.js';
import type { DeviceStore, HeldNumbers } from './device.js';
import type { HostArray } from './host-array.js';
import { runGraph } from './run-graph.js';
import type { Runtime } from './runtime/runtime.js';

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
  const graphs = new Map<string, Promise<CompiledGraph<undefined, HeldNumbers>>>();

  function graphOf({ form }: HeldNumbers): Promise<CompiledGraph<undefined, HeldNumbers>> {
    const known = graphs.get(form.key);
    if (known !== undefined) return known;
    const graph = createGraph();
    const leaves = form.leaves.map((leaf, i) => graph.input(`leaf/${i}`, leaf));
    const made = compileGraph({
      name: 'held tensor',
      graph,
      outputs: [{ value: form.build(graph, leaves), role: undefined }],
      runtime,
      threads,
      sourceOf: (input) => (held: HeldNumbers) => held.leaves[leaves.indexOf(input)] as HostArray,
    });
    graphs.set(form.key, made);
    return made;
  }

  async function compute(held: HeldNumbers, place?: HostArray): Promise<HostArray> {
    const [numbers] = await runGraph(await graphOf(held), held, () => place);
    return numbers as HostArray;
  }

  return {
    async numbersOf(handle) {
      const { held, data } = store.inside(handle);
      return held === undefined ? data : compute(held);
    },
    async makePlain(handle) {
      const inside = store.inside(handle);
      const { held } = inside;
      if (held === undefined) return;
      // It stays, so it lies where vectors of its length are worked on.
      const place = store.take(held.form.dtype === 'int32' ? 'int32' : 'float32', sizeOf(held.form.shape));
      try {
        await compute(held, place);
      } catch (error) {
        store.putBack(place);
        throw error;
      }
      store.letGo(inside);
      inside.data = place;
    },
    dispose() {
      for (const made of graphs.values()) void made.then(({ session }) => session?.dispose());
    },
  };
}
