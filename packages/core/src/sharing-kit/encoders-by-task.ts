import { isPart } from '../contracts/description.js';
import type { Encoder } from '../contracts/encoder.js';
import type { AnyTask } from '../contracts/task.js';
import { InvalidOptionError } from '../errors/invalid-option-error.js';
import { UnknownNameError } from '../errors/unknown-name-error.js';

/** Refuses names that are no tasks, and what is no encoder. `option` is what the message calls them. */
export function requireEncoders(
  option: string,
  encoders: { readonly [task: string]: Encoder },
  tasks: readonly AnyTask[],
): void {
  const names = tasks.map((task) => task.name);
  for (const [name, encoder] of Object.entries(encoders)) {
    if (!names.includes(name)) throw new UnknownNameError('task', name, names);
    if (!isPart(encoder, 'encoder')) throw new InvalidOptionError(`${option}.${name}`, 'an encoder', encoder);
  }
}
