import { sizeOf } from '../ir/value.js';
import type { Window } from '../ir/window.js';
import type { Builder, Operand } from './builder.js';
import { toChannelsFirst, toChannelsLast, windowPlaces } from './convolution.js';
import type { LowerCall } from './lowering.js';
import { pad, slice } from './shapes.js';
import { isWide, windowAttributes, withBorder } from './windows.js';

type Four = [number, number, number, number];

/** The gradient of max pooling: dy goes to the first entry of every window that is its maximum. */
export function maxPoolGradient({ builder, node, inputs }: LowerCall): Operand {
  const window = node.attributes.window as Window;
  const [dy, x, y] = inputs.map((one) => builder.transpose(one, toChannelsFirst)) as [Operand, Operand, Operand];
  const apart = window.size.every((size, i) => size === window.strides[i]) && window.pads.every((one) => one === 0);
  const gradient = !apart
    ? overlappingWindows(builder, dy, x, window)
    : isShort(window, x)
      ? comparedRows(builder, dy, x, y, window)
      : separateWindows(builder, dy, x, window);
  return builder.transpose(gradient, toChannelsLast);
}

/** Over short rows comparing is faster: ONNX Runtime finds the positions of maxima slowly. */
function isShort({ size }: Window, { shape }: Operand): boolean {
  return size[0] * (shape[3] as number) <= 64;
}

/** Positions of the maxima from ONNX, and each dy written to its own. */
function separateWindows(builder: Builder, dy: Operand, x: Operand, window: Window): Operand {
  const attributes = windowAttributes(window);
  const positions = builder.emit('MaxPool', [x], dy.shape, 'int64', { attributes, output: 1 });
  return builder.emit('MaxUnpool', [dy, positions, builder.ints(x.shape)], x.shape, 'float32', { attributes });
}

/**
 * Windows side by side: h says which entries equal their window's maximum. A product with a constant matrix takes from each
 * entry of h those before it in its window, over one row of windows at a time, in bytes; what is above zero is the first.
 */
function comparedRows(builder: Builder, dy: Operand, image: Operand, y: Operand, { size }: Window): Operand {
  const [, , outHeight, outWidth] = y.shape as Four;
  const [rows, columns] = size;
  const shape = [...y.shape.slice(0, 2), outHeight * rows, outWidth * columns];
  const emit = (op: string, operands: Operand[], type: 'bool' | 'float32' = 'float32') =>
    builder.emit(op, operands, shape, type);
  const scales = builder.constant('float32', [4], Float32Array.of(1, 1, rows, columns));
  const enlarge = (operand: Operand) =>
    builder.emit('Resize', [operand, undefined, scales], shape, 'float32', {
      attributes: {
        mode: { string: 'nearest' },
        coordinate_transformation_mode: { string: 'asymmetric' },
        nearest_mode: { string: 'floor' },
      },
    });
  const x = slice(builder, image, [0, 0, 0, 0], shape);
  const hits = builder.cast(emit('Equal', [x, enlarge(y)], 'bool'), 'uint8');
  const length = rows * columns * outWidth;
  const inRows = builder.reshape(hits, [sizeOf(shape) / length, length]);
  const matrix = builder.constant('uint8', [length, length], lessEarlierOnes(outWidth, size));
  const [one, zeroIs] = [builder.scalar('float32', 1), builder.scalar('uint8', 1)];
  const operands = [inRows, matrix, one, one, undefined, zeroIs];
  const first = builder.emit('MatMulIntegerToFloat', operands, inRows.shape, 'float32', { domain: 'com.microsoft' });
  const routes = builder.emit('Relu', [builder.reshape(first, shape)], shape, 'float32');
  const gradient = emit('Mul', [routes, enlarge(dy)]);
  return pad(
    builder,
    gradient,
    [0, 0, 0, 0],
    image.shape.map((all, axis) => all - (shape[axis] as number)),
  );
}

/** Over one row of windows: 1 where an entry meets itself, −1 where it comes before the other in their window; all plus 1. */
function lessEarlierOnes(windows: number, [rows, columns]: readonly [number, number]): Uint8Array {
  const width = windows * columns;
  const length = rows * width;
  const matrix = new Uint8Array(length * length).fill(1);
  for (let one = 0; one < length; one++) {
    for (let other = one; other < length; other++) {
      const together = Math.floor((one % width) / columns) === Math.floor((other % width) / columns);
      if (together) matrix[one * length + other] = one === other ? 2 : 0;
    }
  }
  return matrix;
}

/** Windows that overlap or are padded: positions of the maxima from ONNX, and a scatter that adds. */
function overlappingWindows(builder: Builder, dy: Operand, image: Operand, given: Window): Operand {
  const wide = isWide(given);
  // A window outside of the image has its maximum nowhere, which ONNX Runtime counts back from the start of the image: one more
  // row and column of border take it up.
  const [x, window] = wide ? withBorder(builder, image, given, Number.NEGATIVE_INFINITY, 1) : [image, given];
  const places = windowPlaces({ ...x, shape: toChannelsLast.map((axis) => x.shape[axis] as number) }, window);
  const all = builder.emit('MaxPool', [x], [...dy.shape.slice(0, 2), ...places], 'int64', {
    attributes: windowAttributes(window),
    output: 1,
  });
  const positions = slice(builder, all, [0, 0, 0, 0], dy.shape);
  const flat = (operand: Operand) => builder.reshape(operand, [sizeOf(dy.shape)]);
  const start = builder.emit(
    'Expand',
    [builder.scalar('float32', 0), builder.ints([sizeOf(x.shape)])],
    [sizeOf(x.shape)],
    'float32',
  );
  const sums = builder.emit('ScatterElements', [start, flat(positions), flat(dy)], start.shape, 'float32', {
    attributes: { axis: { int: 0 }, reduction: { string: 'add' } },
  });
  const [top, left] = wide ? given.pads : [0, 0];
  return slice(builder, builder.reshape(sums, x.shape), [0, 0, top, left], image.shape);
}
