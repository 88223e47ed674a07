import * as tf from '@tensorflow/tfjs';
import type { Lifecycle } from '../../contracts/description.js';
import { instanceMembers } from '../../model/instance-members.js';
import { requireThat } from './require-that.js';

/** The numbers of an argument, and its tensors, by where they are in it. */
interface Contents {
  readonly numbers: Map<string, ArrayLike<number>>;
  readonly tensors: Map<string, tf.Tensor>;
}

/** The same instance, whose methods are held to leave alone what they are given: no number written, no tensor disposed of. */
export function watchArguments<Bound extends Lifecycle>(bound: Bound): Bound {
  const watched = instanceMembers(bound);
  for (const [name, member] of Object.entries(watched)) {
    if (typeof member !== 'function' || name === 'loadState') continue;
    watched[name] = (...given: unknown[]) => {
      const contents: Contents = { numbers: new Map(), tensors: new Map() };
      given.forEach((argument, i) => {
        note(argument, `argument ${i + 1}`, contents, new Set());
      });
      const before = new Map([...contents.numbers].map(([place, numbers]) => [place, Array.from(numbers)]));
      const compare = () => {
        for (const [place, numbers] of contents.numbers) {
          const at = before.get(place)?.findIndex((value, i) => !Object.is(value, numbers[i])) as number;
          const found = () => `but \`${name}\` wrote to entry ${at} of ${place}. Copy it first.`;
          requireThat(at < 0, () => `A part must leave the numbers that it is given as they are, ${found()}`);
        }
        for (const [place, tensor] of contents.tensors) {
          requireThat(
            !tensor.isDisposed,
            () => `A part must not dispose of tensors that it is given, but \`${name}\` disposed of ${place}.`,
          );
        }
      };
      const result: unknown = member(...given);
      if (!(result instanceof Promise)) {
        compare();
        return result;
      }
      return result.then((value: unknown) => {
        compare();
        return value;
      });
    };
  }
  return watched as Bound;
}

function note(value: unknown, place: string, contents: Contents, seen: Set<object>): void {
  if (typeof value !== 'object' || value === null || seen.has(value)) return;
  seen.add(value);
  if (value instanceof tf.Tensor) contents.tensors.set(place, value);
  else if (ArrayBuffer.isView(value)) contents.numbers.set(place, value as unknown as ArrayLike<number>);
  else if (Array.isArray(value) && value.every((one) => typeof one === 'number')) contents.numbers.set(place, value);
  else {
    for (const [key, one] of Object.entries(value)) {
      // Handles, in which the executor puts one tensor in the place of another.
      if (key !== 'parameters') note(one, `${place}.${key}`, contents, seen);
    }
  }
}
