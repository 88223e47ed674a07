import { jsonSchema } from '@polytask/experiment';
import { type Io, print } from '../io.js';

/** Prints the JSON Schema of configuration files, for editors. */
export function schema(io: Io): void {
  print(io.stdout, JSON.stringify(jsonSchema(), null, 2));
}
