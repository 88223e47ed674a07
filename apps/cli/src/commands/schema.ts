import { jsonSchema } from '../config/schema.js';
import { type Io, printJson } from '../io.js';

/** Prints the JSON Schema of configuration files, for editors. */
export function schema(io: Io): void {
  printJson(io.stdout, jsonSchema());
}
