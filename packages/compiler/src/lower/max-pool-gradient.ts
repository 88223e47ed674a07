import { sizeOf } from '../ir/value.js';
import type { Window } from '../ir/window.js';
import type { Builder, Operand } from './builder.js';
import { toChannelsFirst, toChannelsLast, windowPlaces } from './convolution.js';
import type { LowerCall } from './lowering.js';
import { slice } from './shapes.js';
import { isWide, windowAttributes, withBorder } from './windows.js';

/** The gradient of max pooling: dy goes to the first entry of every window that is its maximum. */
export function maxPoolGradient({ builder, node, inputs }: LowerCall): Operand {
  const window = node.attributes.window as Window;
  const [dy, x] = inputs.slice(0, 2).map((one) => builder.transpose(one, toChannelsFirst)) as [Operand, Operand];
  const apart = window.size.every((size, i) => size === window.strides[i]) && window.pads.every((one) => one === 0);
  const gradient = (apart ? separateWindows : overlappingWindows)(builder, dy, x, window);
  return builder.transpose(gradient, toChannelsLast);
}

/** Positions of the maxima from ONNX, and each dy written to its own. */
function separateWindows(builder: Builder, dy: Operand, x: Operand, window: Window): Operand {
  const attributes = windowAttributes(window);
  const positions = builder.emit('MaxPool', [x], dy.shape, 'int64', { attributes, output: 1 });
  return builder.emit('MaxUnpool', [dy, positions, builder.ints(x.shape)], x.shape, 'float32', { attributes });
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
