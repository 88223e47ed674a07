import * as tf from '@tensorflow/tfjs';
import { type DType, sizeOf, type Value } from '../../ir/value.js';
import { need, type TraceRules } from '../rule.js';

/** Kernels that look up and scatter by index, and ranges. */
export const indexingRules: TraceRules = {
  GatherV2: ({ graph, inputs, attributes }) => {
    const [x, indices] = [inputs.x as Value, inputs.indices as Value];
    const [axis] = tf.util.parseAxisParam((attributes.axis ?? 0) as number, [...x.shape]) as [number];
    const batchDims = (attributes.batchDims ?? 0) as number;
    const shape = [...x.shape.slice(0, axis), ...indices.shape.slice(batchDims), ...x.shape.slice(axis + 1)];
    return graph.node('GatherV2', [x, graph.cast(indices, 'int32')], { shape, dtype: x.dtype }, { axis, batchDims });
  },
  GatherNd: ({ graph, inputs }) => {
    const [x, indices] = [inputs.params as Value, inputs.indices as Value];
    const depth = indices.shape.at(-1) as number;
    const shape = [...indices.shape.slice(0, -1), ...x.shape.slice(depth)];
    return graph.node('GatherNd', [x, graph.cast(indices, 'int32')], { shape, dtype: x.dtype });
  },
  ScatterNd: ({ graph, inputs, attributes }) => {
    const [indices, updates] = [inputs.indices as Value, inputs.updates as Value];
    const shape = attributes.shape as number[];
    if (sizeOf(updates.shape) === 0) return graph.uniform(0, shape, updates.dtype);
    return graph.node('ScatterNd', [graph.cast(indices, 'int32'), updates], { shape, dtype: updates.dtype });
  },
  UnsortedSegmentSum: ({ graph, inputs, attributes }) => {
    const [x, ids] = [inputs.x as Value, inputs.segmentIds as Value];
    const count = attributes.numSegments as number;
    const shape = [count, ...x.shape.slice(1)];
    if (sizeOf(x.shape) === 0) return graph.uniform(0, shape, 'float32');
    return graph.node('UnsortedSegmentSum', [graph.cast(x, 'float32'), graph.cast(ids, 'int32')], {
      shape,
      dtype: 'float32',
    });
  },
  OneHot: (call) => {
    const { graph, attributes } = call;
    const indices = graph.cast(need(call, 'indices'), 'int32');
    const { depth, onValue, offValue } = attributes as { depth: number; onValue?: number; offValue?: number };
    const dtype = (attributes.dtype ?? 'int32') as DType;
    const classes = graph.constant(
      Int32Array.from({ length: depth }, (_, i) => i),
      { shape: [depth], dtype: 'int32' },
    );
    const rows = graph.reshape(indices, [...indices.shape, 1]);
    const hit = graph.elementwise('Equal', [rows, classes], 'bool');
    if ((onValue ?? 1) === 1 && (offValue ?? 0) === 0) return graph.cast(hit, dtype);
    const fill = (value: number) => graph.uniform(value, [], dtype);
    return graph.elementwise('Select', [hit, fill(onValue ?? 1), fill(offValue ?? 0)], dtype);
  },
  Range: ({ graph, attributes }) => graph.evaluate('Range', [], attributes, []),
  LinSpace: ({ graph, attributes }) => graph.evaluate('LinSpace', [], attributes, []),
};
