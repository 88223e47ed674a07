import { PolytaskError } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { type Constant, constantData, type NodeValue, sameShape, sizeOf, type Value } from '../ir/value.js';
import type { Window } from '../ir/window.js';

/** What a layer is given to work on. */
export type LayerTensor = tf.SymbolicTensor;

type Four = [number, number, number, number];

/** Activations that layers know, by operation. */
const activations: { readonly [op: string]: string } = {
  Relu: 'relu',
  Relu6: 'relu6',
  Sigmoid: 'sigmoid',
  Tanh: 'tanh',
  Elu: 'elu',
  Selu: 'selu',
  Softplus: 'softplus',
  Softmax: 'softmax',
};

const merges: { readonly [op: string]: (name: string) => tf.layers.Layer } = {
  Add: (name) => tf.layers.add({ name }),
  Multiply: (name) => tf.layers.multiply({ name }),
  Maximum: (name) => tf.layers.maximum({ name }),
  Minimum: (name) => tf.layers.minimum({ name }),
};

/** What the builder works with. */
export interface LayersBuilderInput {
  /** Rows that the program was traced for: the size of every first dimension. */
  readonly batch: number;
  readonly constantOf: (value: Value) => Constant | undefined;
  /** Inputs of the model, by names of inputs of the graph. */
  readonly inputs: ReadonlyMap<string, LayerTensor>;
}

/**
 * Rebuilds a traced program from layers of tfjs: products with weights are dense layers, convolutions, poolings and lookups are
 * theirs, and what scales and shifts the last axis by known numbers is a batch normalization.
 *
 * @throws `POLYTASK_EXPORT_LAYERS` where no layer does what the program does.
 */
export function layersBuilder({ batch, constantOf, inputs }: LayersBuilderInput): (value: Value) => LayerTensor {
  const known = new Map<Value, LayerTensor>();
  let count = 0;

  const build = (value: Value): LayerTensor => {
    const before = known.get(value);
    if (before !== undefined) return before;
    const made = value.kind === 'node' ? node(value) : input(value);
    known.set(value, made);
    return made;
  };
  const input = (value: Value) => {
    const found = value.kind === 'input' ? inputs.get(value.name) : undefined;
    if (found === undefined) throw noLayer('an output that depends on no input');
    return found;
  };
  const named = (op: string) => `${op.toLowerCase()}_${count++}`;
  const through = (layer: tf.layers.Layer, x: LayerTensor, weights: tf.Tensor[] = []): LayerTensor => {
    const made = layer.apply(x) as LayerTensor;
    if (weights.length > 0) layer.setWeights(weights);
    tf.dispose(weights);
    return made;
  };

  function node(value: NodeValue): LayerTensor {
    const { op } = value;
    const activation = activations[op];
    const [first, second] = value.inputs as [Value, Value];
    if (activation !== undefined)
      return through(tf.layers.activation({ activation: activation as 'relu', name: named(op) }), build(first));
    if (op === 'LeakyRelu')
      return through(tf.layers.leakyReLU({ alpha: value.attributes.alpha as number, name: named(op) }), build(first));
    if (op === 'BatchMatMul' || op === 'Conv2D') return weighted(value, undefined);
    if (op === 'MaxPool' || op === 'AvgPool') return pooled(value);
    if (op === 'Reshape') return reshaped(value);
    if (op === 'GatherV2') return lookedUp(value, value);
    if (op === 'Concat' && value.attributes.axis === value.shape.length - 1) {
      return tf.layers.concatenate({ axis: -1, name: named(op) }).apply(value.inputs.map(build)) as LayerTensor;
    }
    if (['Add', 'Sub', 'Multiply', 'RealDiv'].includes(op)) {
      const constant = constantOf(second) ?? constantOf(first);
      if (constant !== undefined) return shifted(value);
    }
    const merge = merges[op];
    if (merge !== undefined && sameShape(first.shape, second.shape)) {
      return merge(named(op)).apply([build(first), build(second)]) as LayerTensor;
    }
    throw noLayer(`operation \`${op}\``);
  }

  /** A product or a convolution with known weights, and a bias where one is added to it. */
  function weighted(value: NodeValue, bias: tf.Tensor | undefined): LayerTensor {
    const [x, weights] = value.inputs as [Value, Value];
    const kernel = constantOf(weights);
    if (kernel === undefined) throw noLayer(`operation \`${value.op}\` of two computed operands`);
    const useBias = bias !== undefined;
    const zeros = { kernelInitializer: 'zeros', biasInitializer: 'zeros', useBias } as const;
    if (value.op === 'BatchMatMul') {
      if (value.attributes.transposeA === true || kernel.shape.length !== 2) throw noLayer('a product of this kind');
      const matrix = toTensor(kernel);
      const turned = value.attributes.transposeB === true ? tf.transpose(matrix) : tf.clone(matrix);
      matrix.dispose();
      const layer = tf.layers.dense({ units: turned.shape[1] as number, name: named('dense'), ...zeros });
      return through(layer, build(x), useBias ? [turned, bias] : [turned]);
    }
    const { strides, dilations, pads } = value.attributes.window as Window;
    const [height, width, , filters] = kernel.shape as Four;
    const shape = {
      kernelSize: [height, width] as [number, number],
      strides: [...strides] as [number, number],
      dilationRate: [...dilations] as [number, number],
      padding: 'valid' as const,
    };
    const layer = value.attributes.depthwise
      ? tf.layers.depthwiseConv2d({ ...shape, ...zeros, depthMultiplier: filters, name: named('depthwise') })
      : tf.layers.conv2d({ ...shape, ...zeros, filters, name: named('conv') });
    return through(layer, padded(build(x), pads), useBias ? [toTensor(kernel), bias] : [toTensor(kernel)]);
  }

  function padded(x: LayerTensor, [top, left, bottom, right]: readonly [number, number, number, number]): LayerTensor {
    if (top + left + bottom + right === 0) return x;
    const padding: [[number, number], [number, number]] = [
      [top, bottom],
      [left, right],
    ];
    return through(tf.layers.zeroPadding2d({ padding, name: named('padding') }), x);
  }

  function pooled(value: NodeValue): LayerTensor {
    const { size, strides, pads } = value.attributes.window as Window;
    const options = {
      poolSize: [...size] as [number, number],
      strides: [...strides] as [number, number],
      padding: pads.some((pad) => pad > 0) ? ('same' as const) : ('valid' as const),
      name: named('pool'),
    };
    const layer = value.op === 'MaxPool' ? tf.layers.maxPooling2d(options) : tf.layers.averagePooling2d(options);
    const made = through(layer, build(value.inputs[0] as Value));
    if (!sameShape(made.shape.slice(1) as number[], value.shape.slice(1))) throw noLayer('a pooling with such padding');
    return made;
  }

  function reshaped(value: NodeValue): LayerTensor {
    const [x] = value.inputs as [Value];
    if (x.kind === 'node' && x.op === 'GatherV2') return lookedUp(value, x);
    if (x.shape[0] !== batch || value.shape[0] !== batch) throw noLayer('a reshape that mixes rows');
    // A layer's output has at least two axes: one number per row stays a column.
    if (value.shape.length === 1) return build(x);
    return shaped(build(x), value.shape.slice(1));
  }

  /** Every row in another shape. */
  function shaped(x: LayerTensor, targetShape: number[]): LayerTensor {
    if (sameShape(x.shape.slice(1) as number[], targetShape)) return x;
    if (targetShape.length === 1) return through(tf.layers.flatten({ name: named('flatten') }), x);
    return through(tf.layers.reshape({ targetShape, name: named('reshape') }), x);
  }

  /** Rows of a known table, for ids that come from an input; `value` is the lookup in the shape that is wanted. */
  function lookedUp(value: NodeValue, { inputs: [from, indices], attributes }: NodeValue): LayerTensor {
    const table = constantOf(from as Value);
    const ids = indices?.kind === 'node' && indices.op === 'Reshape' ? indices.inputs[0] : indices;
    const rowwise = value.shape[0] === batch && ids?.shape[0] === batch;
    if (table === undefined || ids?.kind !== 'input' || attributes.axis !== 0 || !rowwise) {
      throw noLayer('a lookup of this kind');
    }
    const [inputDim, outputDim] = table.shape as [number, number];
    const layer = tf.layers.embedding({
      inputDim,
      outputDim,
      embeddingsInitializer: 'zeros',
      name: named('embedding'),
    });
    return shaped(through(layer, build(ids), [toTensor(table)]), value.shape.slice(1));
  }

  /** A known vector over the last axis is added, or multiplied with. */
  function shifted(value: NodeValue): LayerTensor {
    const [a, b] = value.inputs as [Value, Value];
    const constant = (constantOf(b) ?? constantOf(a)) as Constant;
    const x = constantOf(b) === undefined ? b : a;
    const reversed = x === b;
    const width = (value.shape.length < 2 ? 1 : value.shape.at(-1)) as number;
    const numbers = alongLastAxis(constant, width);
    const ones = tf.ones([width]);
    const { op } = value;
    if (
      op === 'Add' &&
      x.kind === 'node' &&
      (x.op === 'BatchMatMul' || x.op === 'Conv2D') &&
      constantOf(x) === undefined
    ) {
      ones.dispose();
      return weighted(x, numbers);
    }
    if (op === 'RealDiv' && reversed) throw noLayer('a division by computed numbers');
    const scale =
      op === 'Multiply'
        ? numbers
        : op === 'RealDiv'
          ? tf.div(ones, numbers)
          : reversed && op === 'Sub'
            ? tf.neg(ones)
            : tf.clone(ones);
    const shift =
      op === 'Add' || (op === 'Sub' && reversed)
        ? tf.clone(numbers)
        : op === 'Sub'
          ? tf.neg(numbers)
          : tf.zeros([width]);
    if (scale !== numbers) numbers.dispose();
    // (x - 0) / sqrt(1 + ε) · scale + shift, with an ε that vanishes beside 1.
    const layer = tf.layers.batchNormalization({ epsilon: 1e-12, name: named('affine') });
    return through(layer, build(x), [scale, shift, tf.zeros([width]), ones]);
  }

  function alongLastAxis(constant: Constant, width: number): tf.Tensor {
    const size = sizeOf(constant.shape);
    const vector = size === 1 || (size === width && (constant.shape.at(-1) === width || width === 1));
    if (!vector) throw noLayer('numbers that differ along several axes');
    const data = constantData(constant);
    return tf.tensor1d(Float32Array.from({ length: width }, (_, i) => data[size === 1 ? 0 : i] as number));
  }

  return build;
}

function toTensor(constant: Constant): tf.Tensor {
  return tf.tensor(constantData(constant), [...constant.shape], constant.dtype);
}

function noLayer(what: string): PolytaskError {
  return new PolytaskError(
    'POLYTASK_EXPORT_LAYERS',
    `A layers model can hold dense, convolution, pooling, lookup and normalization layers with their activations, but this model ` +
      `needs ${what}, for which tfjs has no layer. Export it to ONNX instead: \`exportOnnx(trainer)\`.`,
  );
}
