import { jsonSchema } from '@polytask/experiment';
import { type Io, printJson } from '../io.js';

/** Prints the JSON Schema of configuration files, for editors. */
export function schema(io: Io): void {
  printJson(io.stdout, jsonSchema());
}
