import * as tf from '@tensorflow/tfjs';
import type { Graph } from '../../ir/graph.js';
import type { Attributes, Value } from '../../ir/value.js';
import type { Window } from '../../ir/window.js';
import { need, type RuleCall, type TraceRules } from '../rule.js';
import { activate } from './matmul.js';

type Four = [number, number, number, number];
type Padding = Parameters<typeof tf.backend_util.computeConv2DInfo>[4];
type Rounding = 'floor' | 'round' | 'ceil' | undefined;

interface Info {
  readonly outShape: number[];
  readonly inHeight: number;
  readonly inWidth: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
  readonly filterHeight: number;
  readonly filterWidth: number;
  readonly padInfo: { readonly top: number; readonly left: number };
}

/** The window in numbers. Padding behind the image is what the last window position needs. */
function windowOf(info: Info): Window {
  const behind = (out: number, stride: number, filter: number, dilation: number, size: number, before: number) =>
    Math.max(0, (out - 1) * stride + (filter - 1) * dilation + 1 - size - before);
  const { top, left } = info.padInfo;
  return {
    size: [info.filterHeight, info.filterWidth],
    strides: [info.strideHeight, info.strideWidth],
    dilations: [info.dilationHeight, info.dilationWidth],
    pads: [
      top,
      left,
      behind(info.outHeight, info.strideHeight, info.filterHeight, info.dilationHeight, info.inHeight, top),
      behind(info.outWidth, info.strideWidth, info.filterWidth, info.dilationWidth, info.inWidth, left),
    ],
  };
}

/** Images with channels last, whatever the kernel's data format; and the way back. */
function channelsLast(graph: Graph, attributes: Attributes) {
  const first = attributes.dataFormat === 'NCHW' || attributes.dataFormat === 'channelsFirst';
  return {
    into: (x: Value) => (first ? graph.transpose(x, [0, 2, 3, 1]) : x),
    back: (x: Value) => (first ? graph.transpose(x, [0, 3, 1, 2]) : x),
    shape: (shape: readonly number[]): Four => (first ? [shape[0], shape[2], shape[3], shape[1]] : [...shape]) as Four,
  };
}

function convInfo(
  xShape: readonly number[],
  filterShape: readonly number[],
  attributes: Attributes,
  depthwise: boolean,
): Info {
  return tf.backend_util.computeConv2DInfo(
    [...xShape] as Four,
    [...filterShape] as Four,
    attributes.strides as number,
    (attributes.dilations ?? 1) as number,
    attributes.pad as Padding,
    attributes.dimRoundingMode as Rounding,
    depthwise,
  );
}

function convolve(call: RuleCall, depthwise: boolean): Value {
  const { graph, attributes } = call;
  const format = channelsLast(graph, attributes);
  const x = format.into(need(call, 'x'));
  const filter = need(call, 'filter');
  const info = convInfo(x.shape, filter.shape, attributes, depthwise);
  const spec = { shape: info.outShape, dtype: 'float32' } as const;
  return format.back(
    graph.node('Conv2D', [graph.cast(x, 'float32'), filter], spec, { depthwise, window: windowOf(info) }),
  );
}

function inputGradient(call: RuleCall, depthwise: boolean): Value {
  const { graph, attributes } = call;
  const format = channelsLast(graph, attributes);
  const filter = need(call, 'filter');
  const shape = format.shape(attributes.inputShape as number[]);
  const window = windowOf(convInfo(shape, filter.shape, attributes, depthwise));
  const inputs = [format.into(need(call, 'dy')), filter];
  return format.back(graph.node('Conv2DBackpropInput', inputs, { shape, dtype: 'float32' }, { depthwise, window }));
}

function filterGradient(call: RuleCall, depthwise: boolean): Value {
  const { graph, attributes } = call;
  const format = channelsLast(graph, attributes);
  const shape = attributes.filterShape as number[];
  const x = format.into(need(call, 'x'));
  const window = windowOf(convInfo(x.shape, shape, attributes, depthwise));
  const inputs = [graph.cast(x, 'float32'), format.into(need(call, 'dy'))];
  return graph.node('Conv2DBackpropFilter', inputs, { shape, dtype: 'float32' }, { depthwise, window });
}

function fused(call: RuleCall, depthwise: boolean): Value {
  const { graph, inputs, attributes } = call;
  const product = convolve(call, depthwise);
  const sum = inputs.bias === undefined ? product : graph.elementwise('Add', [product, inputs.bias], 'float32');
  return activate(graph, sum, String(attributes.activation ?? 'linear'), {
    alpha: attributes.leakyreluAlpha,
    prelu: inputs.preluActivationWeights,
  });
}

function poolWindow(x: Value, attributes: Attributes): { window: Window; shape: number[] } {
  const { filterSize, strides, pad, dimRoundingMode } = attributes;
  const info = tf.backend_util.computePool2DInfo(
    [...x.shape] as Four,
    filterSize as number,
    strides as number,
    1,
    pad as Padding,
    dimRoundingMode as Rounding,
  );
  return { window: windowOf(info), shape: info.outShape };
}

function pool(call: RuleCall, op: string): Value {
  const x = need(call, 'x');
  const { window, shape } = poolWindow(x, call.attributes);
  return call.graph.node(op, [x], { shape, dtype: x.dtype }, { window });
}

function resize(call: RuleCall, op: string): Value {
  const images = need(call, 'images');
  const { size, alignCorners, halfPixelCenters } = call.attributes as {
    size: [number, number];
    alignCorners?: boolean;
    halfPixelCenters?: boolean;
  };
  const [batch, , , channels] = images.shape as Four;
  const dtype = op === 'ResizeBilinear' ? 'float32' : images.dtype;
  return call.graph.node(
    op,
    [call.graph.cast(images, dtype)],
    { shape: [batch, ...size, channels], dtype },
    {
      alignCorners: alignCorners === true,
      halfPixelCenters: halfPixelCenters === true,
    },
  );
}

function resizeGradient(call: RuleCall, op: string): Value {
  const images = need(call, 'images');
  const attributes = { alignCorners: call.attributes.alignCorners === true };
  return call.graph.node(op, [need(call, 'dy')], { shape: images.shape, dtype: 'float32' }, attributes);
}

/** Kernels over images `[batch, height, width, channels]`. */
export const imageRules: TraceRules = {
  Conv2D: (call) => convolve(call, false),
  DepthwiseConv2dNative: (call) => convolve(call, true),
  FusedConv2D: (call) => fused(call, false),
  FusedDepthwiseConv2D: (call) => fused(call, true),
  Conv2DBackpropInput: (call) => inputGradient(call, false),
  DepthwiseConv2dNativeBackpropInput: (call) => inputGradient(call, true),
  Conv2DBackpropFilter: (call) => filterGradient(call, false),
  DepthwiseConv2dNativeBackpropFilter: (call) => filterGradient(call, true),
  MaxPool: (call) => pool(call, 'MaxPool'),
  AvgPool: (call) => pool(call, 'AvgPool'),
  MaxPoolGrad: (call) => {
    const x = need(call, 'input');
    const { window } = poolWindow(x, call.attributes);
    const inputs = [need(call, 'dy'), x, need(call, 'output')];
    return call.graph.node('MaxPoolGrad', inputs, { shape: x.shape, dtype: 'float32' }, { window });
  },
  AvgPoolGrad: (call) => {
    const x = need(call, 'input');
    const { window } = poolWindow(x, call.attributes);
    return call.graph.node('AvgPoolGrad', [need(call, 'dy')], { shape: x.shape, dtype: 'float32' }, { window });
  },
  ResizeBilinear: (call) => resize(call, 'ResizeBilinear'),
  ResizeNearestNeighbor: (call) => resize(call, 'ResizeNearestNeighbor'),
  ResizeBilinearGrad: (call) => resizeGradient(call, 'ResizeBilinearGrad'),
  ResizeNearestNeighborGrad: (call) => resizeGradient(call, 'ResizeNearestNeighborGrad'),
};
