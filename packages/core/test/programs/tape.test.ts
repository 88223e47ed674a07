import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Segment } from '../../src/contracts/parameters.js';
import { flatGradient, gradientOf, gradientWith, onTape } from '../../src/programs/tape.js';
import { useBackend } from '../helpers/backends.js';
import { noise } from '../helpers/vectors.js';

/** A trunk and two heads, one of which does not use the last variable. */
function network() {
  const variable = (shape: number[], seed: string) => {
    const size = shape.reduce((product, n) => product * n, 1);
    return tf.tidy(() => tf.variable(tf.tensor(noise(size, seed), shape)));
  };
  const x = tf.tensor2d(noise(20, 'x'), [5, 4]);
  const trunk = variable([4, 6], 'trunk') as tf.Variable<tf.Rank.R2>;
  const bias = variable([6], 'bias');
  const heads = [variable([6, 2], 'head 0'), variable([6, 3], 'head 1')] as tf.Variable<tf.Rank.R2>[];
  const variables = [trunk, bias, ...heads];
  const forward = () => {
    const features = tf.tanh(tf.add(tf.matMul(x, trunk), bias)) as tf.Tensor2D;
    const [left, right] = heads.map((head) => tf.matMul(features, head)) as [tf.Tensor2D, tf.Tensor2D];
    return [tf.mean(tf.square(left)), tf.sum(tf.logSoftmax(right))] as tf.Scalar[];
  };
  return {
    variables,
    forward,
    segments: variables.map((one) => ({ size: one.size })) as unknown as Segment[],
    dispose: () => tf.dispose([x, ...variables]),
  };
}

const flat = (tensor: tf.Tensor) => Array.from(tensor.dataSync());

describe.each([
  ['cpu', 0],
  ['wasm', 1e-6],
] as const)('on %s', (backend, tolerance) => {
  let before: number;
  let net: ReturnType<typeof network>;
  beforeEach(async () => {
    await useBackend(backend);
    before = tf.memory().numTensors;
    net = network();
  });
  afterEach(() => {
    net.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('gives the gradients that separate passes give', () => {
    tf.tidy(() => {
      const found = onTape(() => {
        const losses = net.forward();
        const rows = losses.map((loss) => flatGradient(net.segments, gradientOf(loss, net.variables)));
        return { rows: tf.stack(rows), losses: tf.stack(losses) };
      });
      const separate = [0, 1].map((k) => tf.variableGrads(() => net.forward()[k] as tf.Scalar, net.variables));
      expect(flat(found.losses as tf.Tensor)).toEqual(separate.map(({ value }) => value.dataSync()[0]));
      const wanted = separate.map(({ grads }) =>
        net.variables.flatMap((one) =>
          grads[one.name] ? flat(grads[one.name] as tf.Tensor) : new Array(one.size).fill(0),
        ),
      );
      const rows = (found.rows as tf.Tensor2D).arraySync();
      wanted.forEach((row, k) => {
        row.forEach((value, i) => {
          if (tolerance === 0) expect(rows[k]?.[i]).toBe(value);
          else expect(Math.abs((rows[k]?.[i] as number) - value)).toBeLessThan(tolerance);
        });
      });
    });
  });

  it('says where a loss does not depend on a variable', () => {
    tf.tidy(() => {
      onTape(() => {
        const [left] = net.forward();
        const gradients = gradientOf(left as tf.Scalar, net.variables);
        expect(gradients.map((one) => one !== undefined)).toEqual([true, true, true, false]);
        expect(flat(flatGradient(net.segments, gradients)).slice(-18)).toEqual(new Array(18).fill(0));
        return {};
      });
    });
  });

  it('runs the forward pass once', async () => {
    const count = async (losses: number) => {
      const profile = await tf.profile(() =>
        tf.tidy(() => {
          onTape(() => {
            const all = net.forward();
            for (const loss of all.slice(0, losses)) gradientOf(loss, net.variables);
            return {};
          });
        }),
      );
      return profile.kernels.filter(({ name }) => name === 'Tanh').length;
    };
    expect(await count(1)).toBe(1);
    expect(await count(2)).toBe(1);
  });

  it('keeps the tape as long as the forward pass, however many gradients are taken', () => {
    const tape = () => (tf.engine() as unknown as { state: { activeTape: unknown[] } }).state.activeTape.length;
    tf.tidy(() => {
      onTape(() => {
        const losses = net.forward();
        const length = tape();
        for (let i = 0; i < 5; i++) gradientOf(losses[i % 2] as tf.Scalar, net.variables);
        expect(tape()).toBe(length);
        return {};
      });
    });
  });

  it('takes the gradient of a scalar of the losses inside a gradient, and holds it fixed', () => {
    tf.tidy(() => {
      const { gradients, others } = gradientWith(() => {
        const stacked = tf.stack(net.forward());
        const leaf = tf.clone(stacked);
        const [weights] = gradientOf(tf.sum(tf.square(leaf)), [leaf]);
        return {
          loss: tf.sum(tf.mul(stacked, weights as tf.Tensor)) as tf.Scalar,
          others: { weights: weights as tf.Tensor },
        };
      }, net.variables);
      const losses = tf.stack(net.forward());
      expect(flat(others.weights as tf.Tensor)).toEqual(flat(tf.mul(losses, 2)));
      const wanted = tf.variableGrads(
        () => tf.sum(tf.square(tf.stack(net.forward()))) as tf.Scalar,
        net.variables,
      ).grads;
      net.variables.forEach((one, i) => {
        flat(gradients[i] as tf.Tensor).forEach((value, j) => {
          expect(value).toBeCloseTo(flat(wanted[one.name] as tf.Tensor)[j] as number, 5);
        });
      });
    });
  });

  it('has a gradient scaled by dy', () => {
    tf.tidy(() => {
      onTape(() => {
        const x = tf.tensor1d([1, 2, 3]);
        const [gradient] = gradientOf(tf.square(x), [x], tf.tensor1d([1, 10, 100]));
        expect(flat(gradient as tf.Tensor)).toEqual([2, 40, 600]);
        return {};
      });
    });
  });

  describe('leaves nothing behind', () => {
    const boom = (_: unknown) => {
      throw new Error('boom');
    };
    /** A product whose backward pass throws. */
    const bad = (x: tf.Tensor) => tf.customGrad((y) => ({ value: tf.mul(y as tf.Tensor, 2), gradFunc: boom }))(x);

    it.each([
      ['when all goes well', false, () => onTape(() => ({ sum: tf.addN(net.forward()) }))],
      ['when the forward pass throws', true, () => onTape(() => boom(net.forward()))],
      [
        'when it throws between two gradients',
        true,
        () => onTape(() => boom(gradientOf(net.forward()[0] as tf.Scalar, net.variables))),
      ],
      [
        'when a backward pass throws',
        true,
        () => onTape(() => ({ a: gradientOf(bad(net.forward()[0] as tf.Scalar), net.variables)[0] as tf.Tensor })),
      ],
      [
        'when the forward pass of a single gradient throws',
        true,
        () => gradientWith(() => boom(net.forward()), net.variables),
      ],
      [
        'when the backward pass of a single gradient throws',
        true,
        () =>
          gradientWith(() => {
            const [loss] = net.forward() as [tf.Scalar];
            return { loss: bad(loss) as tf.Scalar, others: { loss } };
          }, net.variables),
      ],
    ] as const)('%s', (_, throws, run) => {
      const numTensors = tf.memory().numTensors;
      const attempt = () => tf.tidy(() => void run());
      if (throws) expect(attempt).toThrow('boom');
      else attempt();
      expect(tf.memory().numTensors).toBe(numTensors);
      // And the engine is fit for more.
      const { value, grads } = tf.variableGrads(() => net.forward()[0] as tf.Scalar, net.variables.slice(0, 3));
      tf.dispose([value, grads]);
      expect(tf.memory().numTensors).toBe(numTensors);
    });
  });
});

it('gives an empty vector for no segment', () => {
  tf.tidy(() => {
    expect(flatGradient([], []).shape).toEqual([0]);
    expect(gradientOf(tf.scalar(1), [])).toEqual([]);
  });
});
