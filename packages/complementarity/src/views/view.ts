import {
  code,
  either,
  type InputSpec,
  type InputSpecs,
  InvalidOptionError,
  list,
  mapping,
  type NamedTensors,
  number,
  optional,
  type StepContext,
  type Taken,
  text,
  UnknownNameError,
  whole,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

/** Other inputs in the place of a batch's: the same rows, seen otherwise. Numbers that it draws come from `step.uniform`. In tfjs. */
export type View = (inputs: NamedTensors, step: StepContext, specs: InputSpecs) => NamedTensors;

/** What an option for a view takes. */
export const view = either(
  [
    code<View>('a function', (value) => typeof value === 'function', 'view'),
    mapping({
      noise: optional(number({ above: 0 }), 'Standard deviation of normal noise on numbers.'),
      masking: optional(
        number({ above: 0, below: 1 }),
        'Chance of each number of a row to be the mean of the batch, and of each category to be unknown.',
      ),
      dropout: optional(
        number({ above: 0, below: 1 }),
        'Chance of a row to lose one of its inputs, whose numbers are means of the batch then.',
      ),
      shift: optional(
        whole({ from: 1 }),
        'By how many pixels images are shifted at most, up or down and left or right; zeros come in.',
      ),
      inputs: optional(list(text('the name of an input'), { least: 1 }), 'Which inputs are changed.', 'all'),
    }),
  ],
  '{ noise, masking, dropout, shift, inputs }, or a function',
);

/** A view in one run. Errors: `POLYTASK_UNKNOWN_NAME` and `POLYTASK_INVALID_OPTION` for inputs that it cannot change. */
export function bindView(given: Taken<typeof view>, specs: InputSpecs, option: string): View {
  if (typeof given === 'function') return given;
  const masks = Object.values(specs).map(({ mask }) => mask);
  const changeable = Object.keys(specs).filter((name) => !masks.includes(name));
  const { noise, masking, dropout, shift, inputs = changeable } = given;
  inputs.forEach((name, i) => {
    if (!changeable.includes(name)) throw new UnknownNameError('input', name, changeable, `${option}.inputs[${i}]`);
  });
  const isOf = (wanted: (spec: InputSpec) => boolean) => inputs.filter((name) => wanted(specs[name] as InputSpec));
  const numbers = isOf(({ dtype }) => dtype === 'float32');
  const categories = isOf((spec) => spec.categories !== undefined);
  const images = isOf(({ shape, dtype }) => shape.length === 3 && dtype === 'float32');
  const requireSome = (
    found: readonly string[],
    least: number,
    key: 'noise' | 'masking' | 'dropout' | 'shift',
    what: string,
  ) => {
    if (given[key] !== undefined && found.length < least) {
      throw new InvalidOptionError(`${option}.${key}`, `left out, as there is no ${what}`, given[key]);
    }
  };
  requireSome(numbers, 1, 'noise', 'input of numbers');
  requireSome([...numbers, ...categories], 1, 'masking', 'input of numbers or categories');
  requireSome([...numbers, ...categories], 2, 'dropout', 'second input of numbers or categories');
  requireSome(images, 1, 'shift', 'input of images, [height, width, channels]');
  return (batch, { uniform }) => {
    const seen: Record<string, tf.Tensor> = { ...batch };
    const change = (names: readonly string[], to: (x: tf.Tensor, name: string) => tf.Tensor) => {
      for (const name of names) seen[name] = to(seen[name] as tf.Tensor, name);
    };
    if (shift !== undefined)
      change(images, (x, name) => shifted(x, shift, uniform(`shift/${name}`, [2, x.shape[0] as number])));
    if (masking !== undefined) {
      change([...numbers, ...categories], (x, name) =>
        blanked(x, tf.less(uniform(`masking/${name}`, x.shape), masking)),
      );
    }
    if (dropout !== undefined) {
      const either = [...numbers, ...categories];
      const rows = seen[either[0] as string]?.shape[0] as number;
      // One number decides whether a row loses an input, and which: never all of them.
      const place = tf.div(tf.mul(uniform('dropout', [rows]), either.length), dropout);
      change(either, (x, name) => {
        const index = either.indexOf(name);
        const lost = tf.logicalAnd(tf.greaterEqual(place, index), tf.less(place, index + 1));
        return blanked(x, tf.reshape(lost, [rows, ...x.shape.slice(1).map(() => 1)]));
      });
    }
    if (noise !== undefined) change(numbers, (x, name) => tf.add(x, normals(x.shape, uniform, `noise/${name}`, noise)));
    return seen;
  };
}

/**
 * Normal numbers of this deviation, by Box and Muller, for the rows of a batch: four from each uniform one, which is drawn on the host and
 * has 24 random bits. Half of them say how far out a pair of numbers is, 4.2 deviations at most, and half at which angle.
 *
 * A row is made of such pairs, independent of one another. Another row has the same pairs turned by a right angle: at every place its number
 * is independent of the first row's, and squares and products of both rows vary in the mean as those of two independent rows do.
 */
export function normals(
  shape: readonly number[],
  uniform: StepContext['uniform'],
  path: string,
  deviation = 1,
): tf.Tensor {
  const [rows = 1, ...rest] = shape;
  const columns = rest.reduce((product, length) => product * length, 1);
  const half = [Math.ceil(rows / 2), Math.ceil(columns / 2)] as const;
  const bits = tf.mul(uniform(path, half), 4096);
  const upper = tf.floor(bits);
  // Never 0, so that the logarithm is finite.
  const radius = tf.mul(tf.sqrt(tf.mul(tf.log(tf.div(tf.add(upper, 0.5), 4096)), -2)), deviation);
  const angle = tf.mul(tf.sub(bits, upper), 2 * Math.PI);
  const [cosine, sine] = [tf.mul(radius, tf.cos(angle)), tf.mul(radius, tf.sin(angle))];
  const all = tf.concat([tf.concat([cosine, sine], 1), tf.concat([tf.neg(sine), cosine], 1)]);
  const whole = rows === 2 * half[0] && columns === 2 * half[1];
  return tf.reshape(whole ? all : tf.slice(all, [0, 0], [rows, columns]), [...shape]);
}

/** Numbers become the mean of their place over the batch where they are masked; ids become 0, the unknown category of tables. */
function blanked(x: tf.Tensor, mask: tf.Tensor): tf.Tensor {
  const blank = x.dtype === 'int32' ? tf.zerosLike(x) : tf.mul(tf.onesLike(x), tf.mean(x, 0, true));
  return tf.where(tf.logicalAnd(mask, tf.cast(tf.onesLike(x), 'bool')), blank, x);
}

/** Images shifted by whole pixels, each by its own: `uniform` is [2, rows], down and to the right. Pixels are taken by their place. */
function shifted(x: tf.Tensor, most: number, uniform: tf.Tensor): tf.Tensor {
  const [rows, height, width, channels] = x.shape as [number, number, number, number];
  const padded = [height + 2 * most, width + 2 * most] as const;
  const around: [number, number] = [most, most];
  const pixels = tf.reshape(tf.pad(x, [[0, 0], around, around, [0, 0]]), [rows * padded[0] * padded[1], channels]);
  const steps = tf.cast(tf.sub(2 * most, tf.floor(tf.mul(uniform, 2 * most + 1))), 'int32');
  const own = (axis: 0 | 1) => tf.reshape(tf.slice(steps, [axis, 0], [1, -1]), [-1, 1]);
  const first = tf.add(tf.mul(own(0), tf.scalar(padded[1], 'int32')), own(1));
  const begin = Int32Array.from({ length: rows }, (_, row) => row * padded[0] * padded[1]);
  const place = Int32Array.from({ length: height * width }, (_, i) => Math.floor(i / width) * padded[1] + (i % width));
  const places = tf.add(tf.add(tf.tensor2d(begin, [rows, 1]), tf.tensor2d(place, [1, height * width])), first);
  return tf.reshape(tf.gather(pixels, tf.reshape(places, [rows * height * width])), [rows, height, width, channels]);
}
