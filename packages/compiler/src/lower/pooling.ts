import { sizeOf } from '../ir/value.js';
import type { Window } from '../trace/rules/images.js';
import type { Builder, OnnxAttributes, Operand } from './builder.js';
import { toChannelsFirst, toChannelsLast, windowPlaces } from './convolution.js';
import type { LowerCall, Lowerings } from './lowering.js';
import { concat, pad, slice } from './shapes.js';

type Four = [number, number, number, number];

function windowAttributes({ size, strides, pads }: Window): OnnxAttributes {
  return { kernel_shape: { ints: size }, strides: { ints: strides }, pads: { ints: pads } };
}

/** ONNX pads by less than a window. */
const isWide = ({ size, pads }: Window) => pads.some((one, i) => one >= (size[i % 2] as number));

/** An image, channels first, with its padding written out; and the window that needs none. */
function withBorder(builder: Builder, x: Operand, window: Window, value: number, more = 0): [Operand, Window] {
  const [top, left, bottom, right] = window.pads;
  const bordered = pad(builder, x, [0, 0, top, left], [0, 0, bottom + more, right + more], value);
  return [bordered, { ...window, pads: [0, 0, 0, 0] }];
}

function channelsFirst(shape: readonly number[]): Four {
  return toChannelsFirst.map((axis) => shape[axis] as number) as Four;
}

/** The largest entries of windows; −∞ where a window lies outside of the image. */
function maxPool({ builder, node, inputs }: LowerCall): Operand {
  const given = builder.transpose(inputs[0] as Operand, toChannelsFirst);
  const x = builder.cast(given, 'float32');
  const window = node.attributes.window as Window;
  const shape = channelsFirst(node.shape);
  const largest = () => {
    if (!isWide(window)) return poolWindows(builder, 'MaxPool', x, window, shape);
    const y = poolWindows(builder, 'MaxPool', ...withBorder(builder, x, window, Number.NEGATIVE_INFINITY), shape);
    const outside = Uint8Array.from(entriesInside(x, window, shape), (count) => (count === 0 ? 1 : 0));
    const nothing = builder.constant('bool', [1, 1, shape[2], shape[3]], outside);
    return builder.emit('Where', [nothing, builder.scalar('float32', Number.NEGATIVE_INFINITY), y], shape, 'float32');
  };
  return builder.transpose(builder.cast(largest(), given.type), toChannelsLast);
}

/** The means of windows over what of them lies in the image; NaN where that is nothing. */
function averagePool({ builder, node, inputs }: LowerCall): Operand {
  const given = builder.transpose(inputs[0] as Operand, toChannelsFirst);
  const x = builder.cast(given, 'float32');
  const window = node.attributes.window as Window;
  const shape = channelsFirst(node.shape);
  const average = () => {
    if (!isWide(window)) return poolWindows(builder, 'AveragePool', x, window, shape);
    const [batch, channels, height, width] = x.shape as Four;
    const single = builder.reshape(x, [batch * channels, 1, height, width]);
    const filter = builder.constant('float32', [1, 1, ...window.size], new Float32Array(sizeOf(window.size)).fill(1));
    const sums = poolWindows(builder, 'Conv', single, window, [batch * channels, 1, shape[2], shape[3]], filter);
    const shares = Float32Array.from(entriesInside(x, window, shape), (count) => 1 / count);
    const share = builder.constant('float32', [1, 1, shape[2], shape[3]], shares);
    return builder.emit('Mul', [builder.reshape(sums, shape), share], shape, 'float32');
  };
  return builder.transpose(builder.cast(average(), given.type), toChannelsLast);
}

/** How many entries of each window lie in the image. */
function entriesInside(x: Operand, { size, strides, pads }: Window, [, , height, width]: Four): number[] {
  const inside = (axis: 0 | 1, place: number) => {
    const start = place * (strides[axis] as number) - (pads[axis] as number);
    const end = Math.min(start + (size[axis] as number), x.shape[axis + 2] as number);
    return Math.max(0, end - Math.max(start, 0));
  };
  return Array.from({ length: height * width }, (_, i) => inside(0, Math.floor(i / width)) * inside(1, i % width));
}

/** A pooling node; ONNX may find more windows than tfjs. */
function poolWindows(
  builder: Builder,
  op: string,
  x: Operand,
  window: Window,
  shape: Four,
  ...filter: Operand[]
): Operand {
  const [batch, channels] = shape;
  const found = windowPlaces({ ...x, shape: toChannelsLast.map((axis) => x.shape[axis] as number) }, window);
  const attributes = windowAttributes(window);
  const y = builder.emit(op, [x, ...filter], [batch, channels, ...found], 'float32', { attributes });
  return slice(builder, y, [0, 0, 0, 0], shape);
}

/** The gradient of max pooling: dy goes to the first entry of every window that is its maximum. */
function maxPoolGradient(call: LowerCall): Operand {
  const { builder, node, inputs } = call;
  const window = node.attributes.window as Window;
  const [dy, x, y] = inputs.map((one) => builder.transpose(one, toChannelsFirst)) as [Operand, Operand, Operand];
  const apart = window.size.every((size, i) => size === window.strides[i]) && window.pads.every((one) => one === 0);
  const gradient = apart ? separateWindows(builder, dy, x, y, window) : overlappingWindows(builder, dy, x, window);
  return builder.transpose(gradient, toChannelsLast);
}

/** Windows side by side: every place of a window is a strided slice of x, compared with the maximum. */
function separateWindows(builder: Builder, dy: Operand, x: Operand, y: Operand, { size }: Window): Operand {
  const [batch, channels, outHeight, outWidth] = y.shape as Four;
  const [, , height, width] = x.shape as Four;
  const [rows, columns] = size;
  const zero = builder.scalar('float32', 0);
  const emit = (op: string, operands: Operand[], type: 'bool' | 'float32') => builder.emit(op, operands, y.shape, type);
  const parts: Operand[] = [];
  let left = dy;
  for (let place = 0; place < rows * columns; place++) {
    const begin = [0, 0, Math.floor(place / columns), place % columns];
    const here = slice(builder, x, begin, y.shape, [1, 1, rows, columns]);
    const hit = emit('Equal', [here, y], 'bool');
    parts.push(emit('Where', [hit, left, zero], 'float32'));
    if (place < rows * columns - 1) left = emit('Where', [hit, zero, left], 'float32');
  }
  const full: Four = [batch, channels, outHeight * rows, outWidth * columns];
  const gradient =
    rows === columns ? interleaveSquare(builder, parts, full, rows) : interleave(builder, parts, full, size);
  return pad(builder, gradient, [0, 0, 0, 0], [0, 0, height - full[2], width - full[3]]);
}

function interleaveSquare(builder: Builder, parts: readonly Operand[], full: Four, block: number): Operand {
  const [batch, channels] = full;
  const inner = (parts[0] as Operand).shape.slice(2) as [number, number];
  const stacked = concat(
    builder,
    parts.map((part) => builder.reshape(part, [batch, channels, 1, ...inner])),
    2,
  );
  const merged = builder.reshape(stacked, [batch, channels * parts.length, ...inner]);
  const attributes = { blocksize: { int: block }, mode: { string: 'CRD' } };
  return builder.emit('DepthToSpace', [merged], full, 'float32', { attributes });
}

function interleave(builder: Builder, parts: readonly Operand[], full: Four, size: readonly [number, number]): Operand {
  const [batch, channels] = full;
  const inner = (parts[0] as Operand).shape.slice(2) as [number, number];
  const stacked = concat(
    builder,
    parts.map((part) => builder.reshape(part, [batch, channels, 1, ...inner])),
    2,
  );
  const apart = builder.reshape(stacked, [batch, channels, ...size, ...inner]);
  return builder.reshape(builder.transpose(apart, [0, 1, 4, 2, 5, 3]), full);
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

/** The gradient of average pooling as tfjs has it: every window divides by its full size, padding included. */
function averagePoolGradient({ builder, node, inputs }: LowerCall): Operand {
  const { size, strides, pads } = node.attributes.window as Window;
  const dy = builder.transpose(inputs[0] as Operand, toChannelsFirst);
  const [batch, channels, outHeight, outWidth] = dy.shape as Four;
  const [, height, width] = node.shape as Four;
  const share = new Float32Array(size[0] * size[1]).fill(1 / (size[0] * size[1]));
  const ones = builder.constant('float32', [1, 1, ...size], share);
  const full = [(outHeight - 1) * strides[0] + size[0], (outWidth - 1) * strides[1] + size[1]] as const;
  const behind = [Math.max(0, full[0] - pads[0] - height), Math.max(0, full[1] - pads[1] - width)] as const;
  const found = [full[0] - pads[0] - behind[0], full[1] - pads[1] - behind[1]] as const;
  const attributes: OnnxAttributes = {
    strides: { ints: strides },
    pads: { ints: [pads[0], pads[1], ...behind] },
    kernel_shape: { ints: size },
  };
  const single = builder.reshape(dy, [batch * channels, 1, outHeight, outWidth]);
  const spread = builder.emit('ConvTranspose', [single, ones], [batch * channels, 1, ...found], 'float32', {
    attributes,
  });
  const whole = pad(builder, spread, [0, 0, 0, 0], [0, 0, height - found[0], width - found[1]]);
  return builder.transpose(builder.reshape(whole, [batch, channels, height, width]), toChannelsLast);
}

/** Lowerings of pooling and its gradients. */
export const poolingLowerings: Lowerings = {
  MaxPool: maxPool,
  AvgPool: averagePool,
  MaxPoolGrad: maxPoolGradient,
  AvgPoolGrad: averagePoolGradient,
};
