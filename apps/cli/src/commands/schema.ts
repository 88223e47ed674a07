import { findPlugins, jsonSchema } from '@polytask/experiment';
import { codePlaces } from '@polytask/experiment/early';
import { type Io, print, printJson } from '../io.js';

/**
 * Prints the JSON Schema of configuration files, for editors: with the parts of packages that are installed here and say that
 * they are for Polytask.
 */
export async function schema(options: { readonly plugins?: readonly string[] }, io: Io): Promise<void> {
  const { parts, problems } = await findPlugins(codePlaces({ cwd: io.cwd, plugins: options.plugins }));
  for (const problem of problems) print(io.stderr, `Warning: ${problem}`);
  printJson(io.stdout, jsonSchema(parts));
}
