import type { Command } from 'commander';
import { complete } from '../completion/complete.js';
import { strategyNames } from '../completion/strategy-names.js';
import { type Io, print } from '../io.js';

/** Prints what may stand in the place of the last word, for the scripts of shells. */
export async function printCompletion(program: Command, words: readonly string[], io: Io): Promise<void> {
  const { words: found, paths } = complete(program, words, { name: await strategyNames() });
  for (const { value, description } of found) print(io.stdout, `${value}\t${description}`);
  if (paths !== undefined) print(io.stdout, `:${paths}`);
}
