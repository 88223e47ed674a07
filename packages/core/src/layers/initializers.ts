import type { Initializer } from '../contracts/parameters.js';
import { sizeOf } from '../contracts/tensors.js';

/**
 * All entries 0; the default of biases.
 *
 * @example
 * ```ts
 * import { zerosInitializer } from '@polytask/core';
 *
 * zerosInitializer([2], Math.random); // => Float32Array(2) [ 0, 0 ]
 * ```
 */
export const zeros: Initializer = (shape) => new Float32Array(sizeOf(shape));

/**
 * All entries 1; the default of scales.
 *
 * @example
 * ```ts
 * import { onesInitializer } from '@polytask/core';
 *
 * onesInitializer([2], Math.random); // => Float32Array(2) [ 1, 1 ]
 * ```
 */
export const ones: Initializer = (shape) => new Float32Array(sizeOf(shape)).fill(1);

/**
 * Independent uniform entries:
 *
 * $$w \sim U(-\text{limit},\ \text{limit})$$
 *
 * @param limit Half the width of the interval.
 * @example
 * ```ts
 * import { uniformInitializer } from '@polytask/core';
 *
 * uniformInitializer(0.05)([1], () => 0.5); // => Float32Array(1) [ 0 ]
 * ```
 */
export function uniform(limit: number): Initializer {
  return (shape, draw) => Float32Array.from({ length: sizeOf(shape) }, () => (2 * draw() - 1) * limit);
}

/**
 * Independent normal entries, from pairs of uniform numbers (Box and Muller):
 *
 * $$w = \mu + \sigma \sqrt{-2 \ln u_1}\, \cos(2 \pi u_2), \qquad w' = \mu + \sigma \sqrt{-2 \ln u_1}\, \sin(2 \pi u_2)$$
 *
 * @param standardDeviation σ. Default 1.
 * @param mean μ. Default 0.
 * @see G. E. P. Box and M. E. Muller, "A note on the generation of random normal deviates", Annals of Mathematical
 * Statistics 29, 1958, https://doi.org/10.1214/aoms/1177706645
 * @example
 * ```ts
 * import { normalInitializer } from '@polytask/core';
 *
 * normalInitializer(0.1)([3, 4], Math.random).length; // => 12
 * ```
 */
export function normal(standardDeviation = 1, mean = 0): Initializer {
  return (shape, draw) => {
    const values = new Float32Array(sizeOf(shape));
    for (let i = 0; i < values.length; i += 2) {
      // 1 - u is in (0, 1], where the logarithm is finite.
      const radius = standardDeviation * Math.sqrt(-2 * Math.log(1 - draw()));
      const angle = 2 * Math.PI * draw();
      values[i] = mean + radius * Math.cos(angle);
      if (i + 1 < values.length) values[i + 1] = mean + radius * Math.sin(angle);
    }
    return values;
  };
}

/**
 * Uniform entries that keep the variance of signals and gradients through layers that are linear around 0; the default of
 * kernels before linear, tanh and sigmoid activations:
 *
 * $$w \sim U(-a, a), \qquad a = \sqrt{\frac{6}{n_{in} + n_{out}}}$$
 *
 * where n_in and n_out are the last two lengths of the shape, times the product of the others (the window of a convolution).
 *
 * @see X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010,
 * https://proceedings.mlr.press/v9/glorot10a.html
 * @example
 * ```ts
 * import { glorotUniform } from '@polytask/core';
 *
 * glorotUniform([1, 5], () => 0); // => Float32Array(5) [ -1, -1, -1, -1, -1 ]
 * ```
 */
export const glorotUniform: Initializer = (shape, draw) => {
  const { fanIn, fanOut } = fans(shape);
  return uniform(Math.sqrt(6 / (fanIn + fanOut)))(shape, draw);
};

/**
 * Uniform entries that keep the variance of signals through rectifiers; the default of kernels before relu, leakyRelu, elu
 * and gelu:
 *
 * $$w \sim U(-a, a), \qquad a = \sqrt{\frac{6}{n_{in}}}$$
 *
 * where n_in is the last but one length of the shape, times the product of those before it (the window of a convolution).
 *
 * @see K. He, X. Zhang, S. Ren and J. Sun, "Delving deep into rectifiers", ICCV 2015, https://arxiv.org/abs/1502.01852
 * @example
 * ```ts
 * import { heUniform } from '@polytask/core';
 *
 * heUniform([6, 1], () => 0); // => Float32Array(6) [ -1, -1, -1, -1, -1, -1 ]
 * ```
 */
export const heUniform: Initializer = (shape, draw) => uniform(Math.sqrt(6 / fans(shape).fanIn))(shape, draw);

function fans(shape: readonly number[]): { fanIn: number; fanOut: number } {
  const fanOut = shape.at(-1) ?? 1;
  return { fanIn: sizeOf(shape.slice(0, -1)), fanOut: fanOut * sizeOf(shape.slice(0, -2)) };
}
