import { sizeOf } from '../ir/value.js';
import type { Window } from '../ir/window.js';
import type { Builder, OnnxAttributes, Operand } from './builder.js';
import { toChannelsFirst, toChannelsLast, windowPlaces } from './convolution.js';
import type { LowerCall, Lowerings } from './lowering.js';
import { maxPoolGradient } from './max-pool-gradient.js';
import { pad, slice } from './shapes.js';
import { isWide, windowAttributes, withBorder } from './windows.js';

type Four = [number, number, number, number];

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
