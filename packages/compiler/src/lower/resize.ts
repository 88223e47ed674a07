import type { Builder, Operand } from './builder.js';
import type { LowerCall, Lowerings } from './lowering.js';

type Four = [number, number, number, number];

/** How far apart the places of the result lie in the source, along one side. */
function ratio(from: number, to: number, alignCorners: boolean): number {
  return alignCorners && to > 1 ? (from - 1) / (to - 1) : from / to;
}

/** Weights `[to, from]` of linear interpolation along one side: two neighbours for each place. */
function linearWeights(from: number, to: number, alignCorners: boolean, halfPixelCenters: boolean): Float32Array {
  const step = ratio(from, to, alignCorners);
  const weights = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const place = halfPixelCenters ? step * (i + 0.5) - 0.5 : step * i;
    const below = Math.max(0, Math.floor(place));
    const above = Math.min(from - 1, Math.max(0, Math.ceil(place)));
    const part = place - below;
    weights[i * from + below] = (weights[i * from + below] as number) + 1 - part;
    weights[i * from + above] = (weights[i * from + above] as number) + part;
  }
  return weights;
}

/** For each place along one side of the result, the nearest one of the source. */
function nearestIndices(from: number, to: number, alignCorners: boolean, halfPixelCenters: boolean): Int32Array {
  const step = ratio(from, to, alignCorners);
  return Int32Array.from({ length: to }, (_, i) => {
    const place = halfPixelCenters ? step * (i + 0.5) : step * i;
    return Math.max(0, Math.min(from - 1, alignCorners ? Math.round(place) : Math.floor(place)));
  });
}

function oneHotWeights(indices: Int32Array, from: number): Float32Array {
  const weights = new Float32Array(indices.length * from);
  indices.forEach((index, i) => {
    weights[i * from + index] = 1;
  });
  return weights;
}

function transposed(weights: Float32Array, rows: number, columns: number): Float32Array {
  return weights.map((_, i) => weights[(i % rows) * columns + Math.floor(i / rows)] as number);
}

/** Multiplies both sides of images with channels last by matrices: `[height', height]` and `[width', width]`. */
function alongSides(
  builder: Builder,
  x: Operand,
  rows: Float32Array,
  columns: Float32Array,
  size: readonly number[],
): Operand {
  const [batch, height, width, channels] = x.shape as Four;
  const [newHeight, newWidth] = size as [number, number];
  const left = builder.constant('float32', [newHeight, height], rows);
  const flat = builder.reshape(x, [batch, height, width * channels]);
  const tall = builder.emit('MatMul', [left, flat], [batch, newHeight, width * channels], 'float32');
  const right = builder.constant('float32', [newWidth, width], columns);
  const lines = builder.reshape(tall, [batch * newHeight, width, channels]);
  const wide = builder.emit('MatMul', [right, lines], [batch * newHeight, newWidth, channels], 'float32');
  return builder.reshape(wide, [batch, newHeight, newWidth, channels]);
}

interface ResizeAttributes {
  readonly alignCorners: boolean;
  readonly halfPixelCenters?: boolean;
}

type Weights = (from: number, to: number, alignCorners: boolean, halfPixelCenters: boolean) => Float32Array;

/** The gradient: the same matrices, transposed. tfjs' kernels know no half-pixel centres here. */
const gradient =
  (weights: Weights) =>
  ({ builder, node, inputs }: LowerCall): Operand => {
    const { alignCorners } = node.attributes as unknown as ResizeAttributes;
    const dy = inputs[0] as Operand;
    const [, height, width] = node.shape as Four;
    const [, fromHeight, fromWidth] = dy.shape as Four;
    const rows = transposed(weights(height, fromHeight, alignCorners, false), fromHeight, height);
    const columns = transposed(weights(width, fromWidth, alignCorners, false), fromWidth, width);
    return alongSides(builder, dy, rows, columns, [height, width]);
  };

const nearestWeights: Weights = (from, to, alignCorners, halfPixelCenters) =>
  oneHotWeights(nearestIndices(from, to, alignCorners, halfPixelCenters), from);

/** Lowerings of resizing: products with interpolation matrices, or lookups of rows and columns. */
export const resizeLowerings: Lowerings = {
  ResizeBilinear: ({ builder, node, inputs }) => {
    const { alignCorners, halfPixelCenters = false } = node.attributes as unknown as ResizeAttributes;
    const x = inputs[0] as Operand;
    const [, height, width] = x.shape as Four;
    const [, newHeight, newWidth] = node.shape as Four;
    const rows = linearWeights(height, newHeight, alignCorners, halfPixelCenters);
    const columns = linearWeights(width, newWidth, alignCorners, halfPixelCenters);
    return alongSides(builder, x, rows, columns, [newHeight, newWidth]);
  },
  ResizeNearestNeighbor: ({ builder, node, inputs }) => {
    const { alignCorners, halfPixelCenters = false } = node.attributes as unknown as ResizeAttributes;
    const x = inputs[0] as Operand;
    const [batch, height, width, channels] = x.shape as Four;
    const [, newHeight, newWidth] = node.shape as Four;
    const rows = nearestIndices(height, newHeight, alignCorners, halfPixelCenters);
    const columns = nearestIndices(width, newWidth, alignCorners, halfPixelCenters);
    const gather = (from: Operand, indices: Int32Array, axis: number, shape: readonly number[]) =>
      builder.emit('Gather', [from, builder.constant('int32', [indices.length], indices)], shape, x.type, {
        attributes: { axis: { int: axis } },
      });
    const tall = gather(x, rows, 1, [batch, newHeight, width, channels]);
    return gather(tall, columns, 2, node.shape);
  },
  ResizeBilinearGrad: gradient(linearWeights),
  ResizeNearestNeighborGrad: gradient(nearestWeights),
};
