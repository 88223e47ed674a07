import type { NodeValue } from '../ir/value.js';
import type { Window } from '../ir/window.js';
import type { Builder, OnnxAttributes, Operand } from './builder.js';
import type { LowerCall, Lowerings } from './lowering.js';
import { pad, slice } from './shapes.js';

/** Axes of images with channels last, taken to ONNX' channels first, and back. */
export const toChannelsFirst = [0, 3, 1, 2];
/** The way back from {@link toChannelsFirst}. */
export const toChannelsLast = [0, 2, 3, 1];

const ints = (values: readonly number[]) => ({ ints: values });

/** The filter `[height, width, in, out]` as ONNX has it: `[out, in, height, width]`; depthwise `[in · multiplier, 1, …]`. */
function onnxFilter(builder: Builder, filter: Operand, depthwise: boolean): Operand {
  const [height, width, channels, multiplier] = filter.shape as [number, number, number, number];
  if (!depthwise) return builder.transpose(filter, [3, 2, 0, 1]);
  return builder.reshape(builder.transpose(filter, [2, 3, 0, 1]), [channels * multiplier, 1, height, width]);
}

function groups(filter: Operand | readonly number[], depthwise: boolean): number {
  const shape = 'shape' in filter ? filter.shape : filter;
  return depthwise ? (shape[2] as number) : 1;
}

/**
 * Places that a window has over an image with channels last. tfjs has fewer of them where the padding is a number and the window
 * no square: it works out both sides from the height.
 */
export function windowPlaces(x: Operand, { size, strides, dilations, pads }: Window): [number, number] {
  const places = (i: 0 | 1) =>
    Math.floor(
      ((x.shape[i + 1] as number) + pads[i] + (pads[i + 2] as number) - (size[i] - 1) * dilations[i] - 1) / strides[i],
    ) + 1;
  return [places(0), places(1)];
}

/** A convolution, with a bias for each channel where there is one. */
export function convolve(builder: Builder, node: NodeValue, x: Operand, filter: Operand, bias?: Operand): Operand {
  const { window, depthwise } = node.attributes as { window: Window; depthwise: boolean };
  const [batch, height, width, channels] = node.shape as [number, number, number, number];
  const attributes: OnnxAttributes = {
    strides: ints(window.strides),
    dilations: ints(window.dilations),
    pads: ints(window.pads),
    group: { int: groups(filter, depthwise) },
    kernel_shape: ints(window.size),
  };
  const operands = [builder.transpose(x, toChannelsFirst), onnxFilter(builder, filter, depthwise)];
  if (bias !== undefined) operands.push(builder.reshape(bias, [channels]));
  const found = windowPlaces(x, window);
  const y = builder.emit('Conv', operands, [batch, channels, ...found], 'float32', { attributes });
  return builder.transpose(slice(builder, y, [0, 0, 0, 0], [batch, channels, height, width]), toChannelsLast);
}

/** The gradient for the image: the transposed convolution. */
function inputGradient({ builder, node, inputs }: LowerCall): Operand {
  const { window, depthwise } = node.attributes as { window: Window; depthwise: boolean };
  const [dy, filter] = inputs as [Operand, Operand];
  const [batch, height, width, channels] = node.shape as [number, number, number, number];
  const reach = (i: 0 | 1) => ((window.size[i] as number) - 1) * (window.dilations[i] as number) + 1;
  const full = ([dy.shape[1], dy.shape[2]] as [number, number]).map(
    (size, i) => (size - 1) * (window.strides[i as 0 | 1] as number) + reach(i as 0 | 1),
  ) as [number, number];
  // The whole canvas, padding included, from which the image is cut; rows that no window reached get zeros.
  const [top, left] = window.pads;
  const cut = (i: 0 | 1, before: number, size: number) => Math.max(0, (full[i] as number) - before - size);
  const pads = [top, left, cut(0, top, height), cut(1, left, width)];
  const found = [full[0] - top - (pads[2] as number), full[1] - left - (pads[3] as number)] as const;
  const attributes: OnnxAttributes = {
    strides: ints(window.strides),
    dilations: ints(window.dilations),
    pads: ints(pads),
    group: { int: groups(filter, depthwise) },
    kernel_shape: ints(window.size),
  };
  const operands = [builder.transpose(dy, toChannelsFirst), onnxFilter(builder, filter, depthwise)];
  const dx = builder.emit('ConvTranspose', operands, [batch, channels, ...found], 'float32', { attributes });
  const whole = pad(builder, dx, [0, 0, 0, 0], [0, 0, height - found[0], width - found[1]]);
  return builder.transpose(whole, toChannelsLast);
}

/** The gradient for the filter: a convolution of the image by dy with batch and channels in each other's place. */
function filterGradient({ builder, node, inputs }: LowerCall): Operand {
  const { window, depthwise } = node.attributes as { window: Window; depthwise: boolean };
  const [x, dy] = inputs as [Operand, Operand];
  const [batch, , , channels] = x.shape as [number, number, number, number];
  const [, outHeight, outWidth, outChannels] = dy.shape as [number, number, number, number];
  const [height, width] = node.shape as [number, number];
  // What the windows reach of the padded image; what is left of it would make the result too large.
  const reach = (i: 0 | 1, out: number) =>
    (out - 1) * (window.strides[i] as number) + ((window.size[i] as number) - 1) * (window.dilations[i] as number) + 1;
  const [top, left] = window.pads;
  const rows = Math.max(0, reach(0, outHeight) - (x.shape[1] as number) - top);
  const columns = Math.max(0, reach(1, outWidth) - (x.shape[2] as number) - left);
  const size = (i: 0 | 1, image: number, before: number, after: number, out: number) =>
    Math.floor(
      (image + before + after - ((out - 1) * (window.strides[i] as number) + 1)) / (window.dilations[i] as number),
    ) + 1;
  const found = [
    size(0, x.shape[1] as number, top, rows, outHeight),
    size(1, x.shape[2] as number, left, columns, outWidth),
  ] as const;
  const swappedAttributes = (group: number): OnnxAttributes => ({
    strides: ints(window.dilations),
    dilations: ints(window.strides),
    pads: ints([top, left, rows, columns]),
    group: { int: group },
    kernel_shape: ints([outHeight, outWidth]),
  });
  if (channels === 1) {
    // Image by image, and then their sum: dy stays as it lies, and threads share the images.
    const single = builder.reshape(x, [1, batch, x.shape[1] as number, x.shape[2] as number]);
    const filters = builder.reshape(builder.transpose(dy, toChannelsFirst), [
      batch * outChannels,
      1,
      outHeight,
      outWidth,
    ]);
    const shape = [1, batch * outChannels, ...found];
    const each = builder.emit('Conv', [single, filters], shape, 'float32', { attributes: swappedAttributes(batch) });
    const perImage = builder.reshape(each, [batch, outChannels * found[0] * found[1]]);
    const ones = builder.constant('float32', [1, batch], new Float32Array(batch).fill(1));
    const sum = builder.emit('MatMul', [ones, perImage], [1, perImage.shape[1] as number], 'float32');
    const exact = slice(
      builder,
      builder.reshape(sum, [1, outChannels, ...found]),
      [0, 0, 0, 0],
      [1, outChannels, height, width],
    );
    return builder.transpose(exact, [2, 3, 0, 1]);
  }
  const attributes = swappedAttributes(depthwise ? channels : 1);
  const swappedX = builder.transpose(x, [3, 0, 1, 2]);
  const swappedDy = builder.transpose(dy, [3, 0, 1, 2]);
  const image = depthwise
    ? builder.reshape(swappedX, [1, channels * batch, x.shape[1] as number, x.shape[2] as number])
    : swappedX;
  const first = depthwise ? 1 : channels;
  const dw = builder.emit('Conv', [image, swappedDy], [first, outChannels, ...found], 'float32', { attributes });
  const exact = slice(builder, dw, [0, 0, 0, 0], [first, outChannels, height, width]);
  if (!depthwise) return builder.transpose(exact, [2, 3, 0, 1]);
  const apart = builder.reshape(exact, [channels, outChannels / channels, height, width]);
  return builder.transpose(apart, [2, 3, 0, 1]);
}

/** Lowerings of convolutions and their gradients. */
export const convolutionLowerings: Lowerings = {
  Conv2D: ({ builder, node, inputs }) => convolve(builder, node, inputs[0] as Operand, inputs[1] as Operand),
  Conv2DBackpropInput: inputGradient,
  Conv2DBackpropFilter: filterGradient,
};
